import {
  equal,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  path,
  repeats,
} from '@keelson/machinery';
import { checkCSR, parseCSR } from '@keelson/pki';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '@keelson/types';
import { oneOf, requiredOneOf } from '../field-checks.ts';
import { signerNameErrors } from './signer-name.ts';

const at = path('spec');
const shortest = 600;

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Conditions that are either there or not. */
const plainTypes = ['Approved', 'Denied', 'Failed'];

export function requestErrors({ spec, status }: CertificateSigningRequest): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const { request = '', usages: wanted = [], signerName = '', expirationSeconds } = spec;
  const errors: FieldError[] = [];
  const problem = requestProblem(request);
  if (problem !== undefined) errors.push(fieldInvalid(at.child('request'), request, problem));
  if (wanted.length === 0) errors.push(fieldRequired(at.child('usages'), 'usages must be provided'));
  for (const [index, usage] of wanted.entries()) errors.push(...oneOf(usage, usages, at.child('usages').index(index)));
  for (const index of repeats(wanted)) errors.push(fieldDuplicate(at.child('usages').index(index), wanted[index]));
  if (signerName === 'kubernetes.io/legacy-unknown')
    errors.push(fieldInvalid(at.child('signerName'), signerName, 'the legacy signerName is not allowed via this API version'));
  else errors.push(...signerNameErrors(signerName, at.child('signerName')));
  if (expirationSeconds !== undefined && expirationSeconds < shortest) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(fieldInvalid(at.child('expirationSeconds'), expirationSeconds, detail));
  }
  return [...errors, ...conditionErrors(status?.conditions ?? [], path('status', 'conditions'))];
}

/** @param request base64 of PEM. */
function requestProblem(request: string): string | undefined {
  const pem = Buffer.from(request, 'base64').toString();
  if (!/^-----BEGIN CERTIFICATE REQUEST-----$/m.test(pem)) return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    parseCSR(pem);
    checkCSR(pem);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function conditionErrors(conditions: readonly CertificateSigningRequestCondition[], where: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap(({ type, status }, index) => {
    const place = where.index(index);
    const errors = type ? [] : [fieldRequired(place.child('type'))];
    errors.push(...requiredOneOf(status, plainTypes.includes(type) ? ['True'] : ['False', 'True', 'Unknown'], place.child('status')));
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (opposite && seen.has(opposite)) errors.push(fieldInvalid(where, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(fieldDuplicate(place.child('type'), type));
    seen.add(type);
    return errors;
  });
}

/** What a write may change of the status: signers set the certificate, approvers the verdict. */
export type StatusPart = 'certificate' | 'approval';

export function statusChangeErrors(next: CertificateSigningRequest, old: CertificateSigningRequest, part: StatusPart): FieldError[] {
  const where = path('status', 'conditions');
  const errors: FieldError[] = [];
  const of = ({ status }: CertificateSigningRequest, type: string) => (status?.conditions ?? []).filter((one) => one.type === type);
  for (const type of plainTypes) {
    const [is, was] = [of(next, type), of(old, type)];
    if (is.length < was.length) errors.push(fieldForbidden(where, `updates may not remove a condition of type "${type}"`));
    else if (part === 'approval' || type === 'Failed') continue;
    else if (is.length > was.length) errors.push(fieldForbidden(where, `updates may not add a condition of type "${type}"`));
    else if (!equal(is, was)) errors.push(fieldForbidden(where, `updates may not modify a condition of type "${type}"`));
  }
  return [...requestErrors(next), ...errors, ...certificateErrors(next.status?.certificate, old.status?.certificate, part)];
}

function certificateErrors(next: string | undefined, old: string | undefined, part: StatusPart): FieldError[] {
  const where = path('status', 'certificate');
  if ((next ?? '') === (old ?? '')) return [];
  if (part === 'approval') return [fieldForbidden(where, 'updates may not set certificate content')];
  if (old) return [fieldForbidden(where, 'updates may not modify existing certificate content')];
  const problem = certificateProblem(next ?? '');
  return problem === undefined ? [] : [fieldInvalid(where, '<certificate data>', problem)];
}

/** @param certificate base64 of PEM. */
function certificateProblem(certificate: string): string | undefined {
  const pem = Buffer.from(certificate, 'base64').toString();
  const types = [...pem.matchAll(/-----BEGIN ([^-]+)-----/g)].map(([, type]) => type);
  const other = types.find((type) => type !== 'CERTIFICATE');
  if (other !== undefined) return `only CERTIFICATE PEM blocks are allowed, found "${other}"`;
  return types.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}
