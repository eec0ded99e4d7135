import { isDeepStrictEqual } from 'node:util';
import type { Comparison, Difference, Tools } from '../../comparison.ts';
import { goldenObjects } from './golden.ts';
import { mistakes } from './mistakes.ts';
import { type Form, type KindName, OurWire, type Read } from './ours.ts';
import { apart, type Told } from './told.ts';
import { yamlQuestions } from './yaml.ts';

/** A question for upstream, and what we say to it. */
interface Asked {
  /** What is shown of it. */
  readonly about: string;
  readonly question: object;
  readonly ours: Told;
}

interface Answer {
  readonly value?: string;
  readonly bytes?: string;
  readonly faults?: readonly string[];
  readonly error?: string;
}

const forms: readonly Form[] = ['json', 'yaml', 'protobuf'];

function told(read: Read): Told {
  return 'error' in read ? read : { value: read.object, faults: read.faults };
}

function theirs({ value = 'null', faults = [], error }: Answer, { To }: { readonly To?: string }): Told {
  if (error !== undefined) return { error };
  return { value: To === 'yaml' ? value : (JSON.parse(value) as unknown), faults };
}

/** The same object in each form: what is read of it, and what upstream reads of the protobuf we write of it. */
class Objects {
  readonly #wire: OurWire;
  readonly asked: Asked[] = [];

  constructor(wire: OurWire) {
    this.#wire = wire;
  }

  async ask(name: string, kind: KindName, bodies: ReadonlyMap<Form, Buffer>): Promise<void> {
    for (const form of forms) {
      const body = bodies.get(form);
      if (!body) continue;
      const read = await this.read(`${name} from ${form}`, kind, form, body);
      if (form === 'json' && 'object' in read) await this.#written(name, kind, read.object as object);
    }
  }

  async read(about: string, kind: KindName, form: Form, body: Buffer): Promise<Read> {
    const read = await this.#wire.read(form, body, kind);
    this.#add(about, 'Recode', kind, form, body, told(read));
    return read;
  }

  /** In protobuf: alone, in a list, and as a watch tells it. */
  async #written(name: string, named: KindName, object: object): Promise<void> {
    const whole = { ...object, ...named };
    this.#add(`${name} in our protobuf`, 'Recode', named, 'protobuf', await this.#wire.protobuf(whole), { value: whole, faults: [] });
    if (!this.#wire.lists(named)) return;
    const listed = { apiVersion: named.apiVersion, kind: `${named.kind}List` };
    const { apiVersion: _, kind: _kind, ...item } = whole as KindName;
    const list = { value: { ...listed, metadata: { resourceVersion: '7' }, items: [item] }, faults: [] };
    this.#add(`${name} in our list`, 'Recode', listed, 'protobuf', await this.#wire.list(named, whole), list);
    this.#add(`${name} in our event`, 'Event', named, 'protobuf', await this.#wire.event(whole), { value: whole, faults: [] });
  }

  #add(about: string, Do: string, { apiVersion, kind }: KindName, form: Form, body: Buffer, ours: Told): void {
    const question = { Do, From: form, APIVersion: apiVersion, Kind: kind, Body: body.toString('base64'), Strict: true };
    this.asked.push({ about, question, ours });
  }
}

async function goldens({ libraries }: Tools, wire: OurWire): Promise<readonly Asked[]> {
  const objects = new Objects(wire);
  for (const { kind, release, forms: bodies } of await goldenObjects(libraries.sources)) {
    if (wire.knows(kind)) await objects.ask(`golden ${release} ${kind.apiVersion} ${kind.kind}`, kind, bodies);
  }
  return objects.asked;
}

async function randoms({ oracle, random, cases }: Tools, wire: OurWire): Promise<readonly Asked[]> {
  const [all] = (await oracle.ask([{ Do: 'Kinds' }])) as [readonly KindName[]];
  const kinds = all.filter((kind) => wire.knows(kind) && !kind.kind.endsWith('List'));
  const each = Math.ceil(cases / kinds.length);
  const objects = new Objects(wire);
  for (const { apiVersion, kind } of kinds) {
    for (let i = 0; i < each; i++) {
      const question = { Do: 'Random', APIVersion: apiVersion, Kind: kind, Seed: Math.floor(random.next() * 1e9) };
      const answers = (await oracle.ask(forms.map((To) => ({ ...question, To })))) as readonly Answer[];
      const bodies = answers.map(({ value = '', bytes }, at): [Form, Buffer] => [
        forms[at] as Form,
        bytes === undefined ? Buffer.from(value) : Buffer.from(bytes, 'base64'),
      ]);
      await objects.ask(`random ${question.Seed} ${apiVersion} ${kind}`, { apiVersion, kind }, new Map(bodies));
    }
  }
  return objects.asked;
}

/** What is wrong with the JSON of upstream's own objects, in its words. */
async function spoiltOnes({ libraries, random, cases }: Tools, wire: OurWire): Promise<readonly Asked[]> {
  const whole = (await goldenObjects(libraries.sources)).filter(({ kind, release }) => release === 'HEAD' && wire.knows(kind));
  const parsed = whole.map(({ kind, forms: bodies }) => [kind, JSON.parse(String(bodies.get('json')))] as const);
  const objects = new Objects(wire);
  for (const { kind, text } of mistakes(parsed, random, cases)) await objects.read(`spoilt ${text}`, kind, 'json', Buffer.from(text));
  return objects.asked;
}

/** Why a difference is left, from the whole answers and from what is apart of them. */
const reasons: readonly (readonly [applies: (theirs: Told, ours: Told, about: string) => boolean, reason: string])[] = [
  [
    ({ value: a, faults: b }, { value: c, faults: d }) => c !== undefined && isDeepStrictEqual([filled(a), b], [filled(c), d]),
    'what is empty: Go writes null for a list or a time that was not given, and leaves out some texts that have to be given',
  ],
  [
    ({ error: a = '' }, { error: b = '' }) => a !== '' && a.replace(/of type \S+$/, '') === b.replace(/of type \S+$/, ''),
    'texts that Go has a type for (v1.PullPolicy) are told as the texts they are',
  ],
  [
    (_, { faults = [] }) => faults.some((fault) => fault.startsWith('duplicate')),
    'of what stands twice in JSON the first is not looked at, and it is told even within what may hold anything',
  ],
  [
    ({ error = '' }, _, about) => /unmarshal number [-\d.e+]+ into/.test(error) || /[:[,](?:1234567890\d+|1\.0|1e3)[\]},]/.test(about),
    'numbers are read as such: 1.0 is 1, and 64 bits are not seen whole',
  ],
  [
    ({ value: a }, { value: b }, about) => about.startsWith('spoilt') && isDeepStrictEqual(filled(a, 0), filled(b, 0)),
    'zeroes of a status or a port that is null come with what its kind fills in',
  ],
  [(_, { error = '' }) => error.startsWith('unsupported map key'), 'of what stands twice in YAML both are looked at'],
  [
    (_, { error = '' }, about) => about.startsWith('YAML') && error.startsWith('yaml: '),
    'of YAML that is none another fault may be told, or another line; or upstream reads what stands before it',
  ],
];

/** Without whatever is empty, and what is `zero` besides. */
function filled(value: unknown, zero?: number): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(item, zero));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, filled(inner, zero)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== null && inner !== '' && inner !== zero && !isEmptyObject(inner)));
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Objects of every kind through JSON, YAML and protobuf in both directions. */
export const compare: Comparison = async (tools) => {
  const wire = await OurWire.load();
  const asked = [
    ...(await goldens(tools, wire)),
    ...(await randoms(tools, wire)),
    ...(await spoiltOnes(tools, wire)),
    ...yamlQuestions(tools.random, tools.cases),
  ];
  const answers = (await tools.oracle.ask(asked.map(({ question }) => question))) as readonly Answer[];
  const differences = asked.flatMap(({ about, question, ours }, at): Difference[] => {
    const whole = theirs(answers[at] ?? {}, question);
    const [a, b] = apart(whole, ours);
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    const reason = reasons.find(([applies]) => applies(whole, ours, about))?.[1];
    return [{ question: about, theirs: a, ours: b, ...(reason === undefined ? {} : { reason }) }];
  });
  return { asked: asked.length, differences };
};
