import { byteLength, isPrintable } from './go-text.ts';

/** Messages for what is wrong with a value; none when it is right. */
export type Problems = string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualified})?`;
const wildcard = `\\*\\.${subdomain}`;
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);

const labelPattern = whole(label);
const subdomainPattern = whole(subdomain);
const label1035Pattern = whole(label1035);
const qualifiedPattern = whole(qualified);
const labelValuePattern = whole(labelValue);
const wildcardPattern = whole(wildcard);

const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const label1035Message =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const qualifiedMessage = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelValueMessage = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
const wildcardMessage =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";

/** `<message> (e.g. 'a' or 'b', regex used for validation is '…')`. */
export function regexProblem(message: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${shown ? `e.g. ${shown}` : ''}regex used for validation is '${pattern}')`;
}

/** Lengths are bytes, whatever the messages say; no character has more than three for each unit of its own. */
function isLong(value: string, most: number): boolean {
  return value.length * 3 > most && byteLength(value) > most;
}

export function maxLengthProblem(length: number): string {
  return `must be no more than ${length} characters`;
}

/** Upstream has begun to count in bytes: in keys and values of labels so far. */
function maxBytesProblem(length: number): string {
  return `must be no more than ${length} bytes`;
}

export function rangeProblem(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** A name's prefix may end in a dash; what the generator appends makes it whole. */
function completed(value: string, prefix: boolean): string {
  return prefix ? value.replace(/\p{ASCII}-$/u, 'a') : value;
}

/** With `prefix`, the value is a generateName. */
export function isDNS1123Label(value: string, prefix = false): Problems {
  const name = completed(value, prefix);
  const problems = isLong(name, 63) ? [maxLengthProblem(63)] : [];
  if (labelPattern.test(name)) return problems;
  return [...problems, subdomainPattern.test(name) ? 'must not contain dots' : regexProblem(labelMessage, label, 'my-name', '123-abc')];
}

/** With `prefix`, the value is a generateName. */
export function isDNS1123Subdomain(value: string, prefix = false): Problems {
  const name = completed(value, prefix);
  const problems = isLong(name, 253) ? [maxLengthProblem(253)] : [];
  return subdomainPattern.test(name) ? problems : [...problems, regexProblem(subdomainMessage, subdomain, 'example.com')];
}

/** With `prefix`, the value is a generateName. */
export function isDNS1035Label(value: string, prefix = false): Problems {
  const name = completed(value, prefix);
  const problems = isLong(name, 63) ? [maxLengthProblem(63)] : [];
  return label1035Pattern.test(name) ? problems : [...problems, regexProblem(label1035Message, label1035, 'my-name', 'abc-123')];
}

export function isWildcardDNS1123Subdomain(value: string): Problems {
  const problems = isLong(value, 253) ? [maxLengthProblem(253)] : [];
  return wildcardPattern.test(value) ? problems : [...problems, regexProblem(wildcardMessage, wildcard, '*.example.com')];
}

/** Names of objects whose name is only a segment of a path (RBAC's). */
export function isPathSegment(value: string, prefix = false): Problems {
  if (!prefix && value === '.') return ["may not be '.'"];
  if (!prefix && value === '..') return ["may not be '..'"];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

const qualifiedExamples = ['MyName', 'my.name', '123-abc'];

/** Label keys, annotation keys (in lower case), finalizers, condition types: `name` or `dns.prefix/name`. */
export function isQualifiedName(value: string): Problems {
  const parts = value.split('/');
  if (parts.length > 2) {
    const form = regexProblem(qualifiedMessage, qualified, ...qualifiedExamples);
    return [`a valid label key ${form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? '';
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? '') : [];
  if (name === '') problems.push('name part must be non-empty');
  else if (isLong(name, 63)) problems.push(`name part ${maxBytesProblem(63)}`);
  if (!qualifiedPattern.test(name)) problems.push(`name part ${regexProblem(qualifiedMessage, qualified, ...qualifiedExamples)}`);
  return problems;
}

function prefixProblems(prefix: string): Problems {
  if (prefix === '') return ['prefix part must be non-empty'];
  const problems = isLong(prefix, 253) ? [maxBytesProblem(253)] : [];
  if (!subdomainPattern.test(prefix)) problems.push(regexProblem(subdomainMessage, subdomain, 'example.com'));
  return problems.map((problem) => `prefix part ${problem}`);
}

/** As upstream names the same rule. */
export const isLabelKey: (value: string) => Problems = isQualifiedName;

export function isLabelValue(value: string): Problems {
  const problems = isLong(value, 63) ? [maxBytesProblem(63)] : [];
  if (labelValuePattern.test(value)) return problems;
  return [...problems, regexProblem(labelValueMessage, labelValue, 'MyValue', 'my_value', '12345')];
}

export function isCIdentifier(value: string): Problems {
  const pattern = '[A-Za-z_][A-Za-z0-9_]*';
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return whole(pattern).test(value) ? [] : [regexProblem(message, pattern, 'my_name', 'MY_NAME', 'MyName')];
}

export function isPortNumber(port: number): Problems {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : [rangeProblem(1, 65535)];
}

export function isInRange(value: number, low: number, high: number): Problems {
  return value >= low && value <= high ? [] : [rangeProblem(low, high)];
}

/** IANA service names, in lower case. */
export function isPortName(port: string): Problems {
  const problems: Problems = [];
  if (isLong(port, 15)) problems.push(maxLengthProblem(15));
  if (!/^[-a-z0-9]+$/.test(port)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(port)) problems.push('must contain at least one letter (a-z)');
  if (port.includes('--')) problems.push('must not contain consecutive hyphens');
  if (port.startsWith('-') || port.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

export function isPercent(value: string): Problems {
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return /^[0-9]+%$/.test(value) ? [] : [regexProblem(message, '[0-9]+%', '1%', '93%')];
}

export function isHttpHeaderName(value: string): Problems {
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return /^[-A-Za-z0-9]+$/.test(value) ? [] : [regexProblem(message, '[-A-Za-z0-9]+', 'X-Header-Name')];
}

/** The strict rule; pods follow `isRelaxedEnvVarName`. */
export function isEnvVarName(value: string): Problems {
  const pattern = '[-._a-zA-Z][-._a-zA-Z0-9]*';
  const message =
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
  const problems = whole(pattern).test(value) ? [] : [regexProblem(message, pattern, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1')];
  return [...problems, ...directoryProblems(value)];
}

/** Any printable ASCII except `=`, as containers' variables may be named since 1.32. */
export function isRelaxedEnvVarName(value: string): Problems {
  if (value === '') return ['environment variable name must be non-empty'];
  const fine = [...value].every((character) => isPrintable(character) && character <= '~' && character !== '=');
  return fine ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Keys of ConfigMaps and Secrets: they become file names. */
export function isConfigMapKey(value: string): Problems {
  const pattern = '[-._a-zA-Z0-9]+';
  const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  const problems = isLong(value, 253) ? [maxLengthProblem(253)] : [];
  if (!whole(pattern).test(value)) problems.push(regexProblem(message, pattern, 'key.name', 'KEY_NAME', 'key-name'));
  return [...problems, ...directoryProblems(value)];
}

function directoryProblems(value: string): Problems {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}
