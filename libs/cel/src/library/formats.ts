import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '@keelson/machinery';
import { bySizes } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { Opaque, Optional } from '../values.ts';

type Check = (text: string) => readonly string[];

class Format extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly identity: string;
  readonly check: Check;

  constructor(name: string, check: Check) {
    super();
    this.identity = name;
    this.check = check;
  }
}

const matching =
  (pattern: RegExp, problem: string): Check =>
  (text) =>
    pattern.test(text) ? [] : [problem];

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function dateProblems(text: string): string[] {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return day && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) ? [] : ['invalid date'];
}

function datetimeProblems(text: string): string[] {
  const [, day = ''] = /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?$/.exec(text) ?? [];
  return dateProblems(day).length === 0 ? [] : ['invalid datetime'];
}

const checks: Readonly<Record<string, Check>> = {
  dns1123Label: (text) => isDNS1123Label(text),
  dns1123Subdomain: (text) => isDNS1123Subdomain(text),
  dns1035Label: (text) => isDNS1035Label(text),
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: (text) => isDNS1123Label(text, true),
  dns1123SubdomainPrefix: (text) => isDNS1123Subdomain(text, true),
  dns1035LabelPrefix: (text) => isDNS1035Label(text, true),
  labelValue: isLabelValue,
  uri: matching(/^([a-zA-Z][a-zA-Z0-9+.-]*:[^\s#]+|\/[^\s#]*)$/, 'invalid URI'),
  uuid: matching(uuid, 'does not match the UUID format'),
  byte: matching(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'),
  date: dateProblems,
  datetime: datetimeProblems,
};

const formats: ReadonlyMap<string, Format> = new Map(Object.entries(checks).map(([name, check]) => [name, new Format(name, check)]));
const type = 'kubernetes.NamedFormat';

function validate({ check }: Format, text: string): Optional {
  const problems = check(text);
  return problems.length > 0 ? Optional.of(problems) : Optional.none;
}

function named(name: string): Optional {
  const found = formats.get(name);
  return found ? Optional.of(found) : Optional.none;
}

/** Names and texts of known shapes: `format.dns1123Label().validate(name)`, none when there is nothing wrong. */
export const namedFormats: readonly Overload[] = [
  fn(`format.named(string): optional<${type}>`, named),
  ...[...formats].map(([name, format]) => fn(`format.${name}(): ${type}`, () => format)),
  fn(
    `${type}.validate(string): optional<list<string>>`,
    validate,
    bySizes(([, size = 0]) => 1 + Math.ceil(size * 0.3)),
  ),
];
