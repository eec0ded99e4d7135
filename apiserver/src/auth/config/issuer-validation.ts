import { errorMessage } from '@keelson/base';
import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { parseBundle } from '@keelson/pki';
import type { JwtIssuer } from '../jwt/types.ts';

/** What is wrong with `issuer` of one JWT authenticator. */
export function issuerErrors(at: FieldPath, issuer: JwtIssuer | undefined, ownIssuers: readonly string[]): FieldError[] {
  const { url = '', discoveryURL, audiences = [], certificateAuthority, egressSelectorType } = issuer ?? {};
  const errors = urlErrors(at.child('url'), url);
  if (ownIssuers.includes(url)) {
    const detail = `URL must not overlap with disallowed issuers: [${ownIssuers.join(' ')}]`;
    errors.push(fieldInvalid(at.child('url'), url, detail));
  }
  if (discoveryURL) {
    const document = at.child('discoveryURL');
    errors.push(...urlErrors(document, discoveryURL));
    if (url && discoveryURL.replace(/\/$/, '') === url.replace(/\/$/, ''))
      errors.push(fieldInvalid(document, discoveryURL, 'discoveryURL must be different from URL'));
  }
  errors.push(...audienceErrors(at, audiences, issuer?.audienceMatchPolicy ?? ''));
  const problem = certificateAuthority ? authorityProblem(certificateAuthority) : undefined;
  if (problem) errors.push(fieldInvalid(at.child('certificateAuthority'), '<omitted>', problem));
  if (egressSelectorType)
    errors.push(fieldInvalid(at.child('egressSelectorType'), egressSelectorType, 'egress selectors are not supported'));
  return errors;
}

function urlErrors(at: FieldPath, text: string): FieldError[] {
  if (text === '') return [fieldRequired(at, 'URL is required')];
  const url = URL.parse(text);
  if (!url) return [fieldInvalid(at, text, 'must be a URL')];
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:') errors.push(fieldInvalid(at, text, 'URL scheme must be https'));
  if (url.username || url.password) errors.push(fieldInvalid(at, text, 'URL must not contain a username or password'));
  if (url.search) errors.push(fieldInvalid(at, text, 'URL must not contain a query'));
  if (url.hash) errors.push(fieldInvalid(at, text, 'URL must not contain a fragment'));
  return errors;
}

function audienceErrors(at: FieldPath, audiences: readonly string[], policy: string): FieldError[] {
  const list = at.child('audiences');
  const matching = at.child('audienceMatchPolicy');
  if (audiences.length === 0) return [fieldRequired(list, `at least one ${list} is required`)];
  const errors = audiences.flatMap((audience, i) => {
    if (audience === '') return [fieldRequired(list.index(i), "audience can't be empty")];
    return audiences.indexOf(audience) < i ? [fieldDuplicate(list.index(i), audience)] : [];
  });
  if (audiences.length > 1 && policy !== 'MatchAny')
    errors.push(fieldInvalid(matching, policy, 'audienceMatchPolicy must be set to MatchAny for multiple audiences'));
  else if (policy !== '' && policy !== 'MatchAny') errors.push(fieldUnsupported(matching, policy, ['', 'MatchAny']));
  return errors;
}

function authorityProblem(pem: string): string | undefined {
  try {
    return parseBundle(pem).length > 0 ? undefined : 'data does not contain any valid RSA or ECDSA certificates';
  } catch (error) {
    return errorMessage(error);
  }
}
