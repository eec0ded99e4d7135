import { goQuote, isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '@keelson/machinery';
import { type Cost, perByte, perPatternByte, scale, unknownSize } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { Opaque, Optional, sizeOf } from '../values.ts';

type Check = (text: string) => readonly string[];

class Format extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly identity: string;
  readonly check: Check;
  /** Bytes of the expression that upstream takes for it. */
  readonly pattern: number;

  constructor(name: string, { check, pattern }: Pick<Format, 'check' | 'pattern'>) {
    super();
    this.identity = name;
    this.check = check;
    this.pattern = pattern;
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

const absolute = /^([a-zA-Z][a-zA-Z0-9+.-]*:[^\s#]+|\/[^\s#]*)$/;

const known: Readonly<Record<string, readonly [check: Check, pattern: number]>> = {
  dns1123Label: [(text) => isDNS1123Label(text), 30],
  dns1123Subdomain: [(text) => isDNS1123Subdomain(text), 60],
  dns1035Label: [(text) => isDNS1035Label(text), 30],
  qualifiedName: [isQualifiedName, 60],
  dns1123LabelPrefix: [(text) => isDNS1123Label(text, true), 30],
  dns1123SubdomainPrefix: [(text) => isDNS1123Subdomain(text, true), 60],
  dns1035LabelPrefix: [(text) => isDNS1035Label(text, true), 30],
  labelValue: [isLabelValue, 40],
  uri: [(text) => (absolute.test(text) ? [] : [`parse ${goQuote(text)}: invalid URI for request`]), 1_200],
  uuid: [matching(uuid, 'does not match the UUID format'), 70],
  byte: [matching(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'), 84],
  date: [dateProblems, 71],
  datetime: [datetimeProblems, 71],
};

const formats: ReadonlyMap<string, Format> = new Map(
  Object.entries(known).map(([name, [check, pattern]]) => [name, new Format(name, { check, pattern })]),
);
const type = 'kubernetes.NamedFormat';

function validate({ check }: Format, text: string): Optional {
  const problems = check(text);
  return problems.length > 0 ? Optional.of(problems) : Optional.none;
}

function named(name: string): Optional {
  const found = formats.get(name);
  return found ? Optional.of(found) : Optional.none;
}

/** As a match with its expression; before there is a format, with the longest. */
const longestPattern = 128;
const validating: Cost = {
  actual: ([format, text]) => Math.ceil((1 + sizeOf(text)) * perByte) * Math.ceil((format as Format).pattern * perPatternByte),
  estimate: ([, text]) => ({ cost: scale(scale(text?.size ?? unknownSize, perByte), longestPattern * perPatternByte) }),
};

/** Names and texts of known shapes: `format.dns1123Label().validate(name)`, none when there is nothing wrong. */
export const namedFormats: readonly Overload[] = [
  fn(`format.named(string): optional<${type}>`, named),
  ...[...formats].map(([name, format]) => fn(`format.${name}(): ${type}`, () => format)),
  fn(`${type}.validate(string): optional<list<string>>`, validate, validating),
];
