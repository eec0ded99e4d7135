import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  isDNS1123Label,
  isDNS1123Subdomain,
} from '@keelson/machinery';

/** `example.com/signer-name` */
export function signerNameErrors(name: string, where: FieldPath): FieldError[] {
  if (name === '') return [fieldRequired(where)];
  const segments = name.split('/');
  const [domain = '', signer = ''] = segments;
  if (segments.length !== 2)
    return [fieldInvalid(where, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const errors = domain.length > 253 ? [fieldTooLong(where, 253)] : [];
  const labels = domain.split('.');
  errors.push(...firstProblems(domain, labels, isDNS1123Label, where));
  if (labels.length < 2) errors.push(fieldInvalid(where, domain, 'should be a domain with at least two segments separated by dots'));
  return [...errors, ...firstProblems(signer, signer.split('.'), isDNS1123Subdomain, where)];
}

function firstProblems(
  segment: string,
  labels: readonly string[],
  problemsOf: (label: string) => readonly string[],
  where: FieldPath,
): FieldError[] {
  const wrong = labels.find((label) => problemsOf(label).length > 0);
  if (wrong === undefined) return [];
  return problemsOf(wrong).map((problem) => fieldInvalid(where, segment, `validating label ${JSON.stringify(wrong)}: ${problem}`));
}
