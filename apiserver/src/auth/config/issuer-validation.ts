import { errorMessage } from '@keelson/base';
import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { parseBundle } from '@keelson/pki';
import type { JwtIssuer } from '../jwt/types.ts';

/** What is wrong with `issuer` of one JWT authenticator. */
export function issuerErrors(at: FieldPath, issuer: JwtIssuer | undefined, ownIssuers: readonly string[]): FieldError[] {
  const { url = '', discoveryURL = '', audiences, certificateAuthority, egressSelectorType } = issuer ?? {};
  const errors = url === '' ? [fieldRequired(at.child('url'))] : urlErrors(at.child('url'), url, ownIssuers);
  if (discoveryURL) {
    const document = at.child('discoveryURL');
    if (url && discoveryURL.replace(/\/+$/, '') === url.replace(/\/+$/, ''))
      errors.push(fieldInvalid(document, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(document, discoveryURL, []));
  }
  errors.push(...audienceErrors(at, audiences ?? [], issuer?.audienceMatchPolicy ?? ''));
  const problem = certificateAuthority ? authorityProblem(certificateAuthority) : undefined;
  if (problem) errors.push(fieldInvalid(at.child('certificateAuthority'), '<omitted>', problem));
  return [...errors, ...egressErrors(at.child('egressSelectorType'), egressSelectorType ?? '')];
}

function urlErrors(at: FieldPath, text: string, taken: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (detail: string): void => void errors.push(fieldInvalid(at, text, detail));
  if (taken.includes(text)) wrong(`URL must not overlap with disallowed issuers: [${taken.toSorted().join(' ')}]`);
  const {
    scheme,
    authority = '',
    query,
    fragment,
  } = /^(?:(?<scheme>[A-Za-z][\w+.-]*):)?(?:\/\/(?<authority>[^/?#]*))?[^?#]*(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/s.exec(text)
    ?.groups ?? {};
  if (scheme?.toLowerCase() !== 'https') wrong('URL scheme must be https');
  if (authority.includes('@')) wrong('URL must not contain a username or password');
  if (query) wrong('URL must not contain a query');
  if (fragment) wrong('URL must not contain a fragment');
  return errors;
}

function audienceErrors(at: FieldPath, audiences: readonly string[], policy: string): FieldError[] {
  const list = at.child('audiences');
  if (audiences.length === 0) return [fieldRequired(list, `at least one ${list} is required`)];
  const errors = audiences.flatMap((audience, i) => [
    ...(audience === '' ? [fieldRequired(list.index(i))] : []),
    ...(audiences.indexOf(audience) < i ? [fieldDuplicate(list.index(i), audience)] : []),
  ]);
  const several = audiences.length > 1;
  if (policy === 'MatchAny' || (policy === '' && !several)) return errors;
  const detail = several ? 'must be MatchAny for multiple audiences' : 'must be empty or MatchAny for single audience';
  return [...errors, fieldInvalid(at.child('audienceMatchPolicy'), policy, `audienceMatchPolicy ${detail}`)];
}

function authorityProblem(pem: string): string | undefined {
  try {
    return parseBundle(pem).length > 0 ? undefined : 'data does not contain any valid RSA or ECDSA certificates';
  } catch (error) {
    return errorMessage(error);
  }
}

/** There is no way for requests to leave but the network itself, and so none to choose. */
function egressErrors(at: FieldPath, type: string): FieldError[] {
  if (type === '') return [];
  if (type !== 'controlplane' && type !== 'cluster')
    return [fieldInvalid(at, type, 'egress selector must be either controlplane or cluster')];
  return [fieldInvalid(at, type, 'egress selectors are not supported')];
}
