import { inOrder } from '@keelson/machinery';
import { eventually } from '@keelson/testing';
import { type Comparison, type Difference, differing } from '../../comparison.ts';
import type { Oracle } from '../../oracle.ts';
import { type Answer, Servers } from '../../servers.ts';
import { kindOf, Questions } from './questions.ts';

type Json = Record<string, unknown>;

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Why some answers differ, and stay so; by what is told on either side. */
const known: ReadonlyArray<readonly [told: RegExp, reason: string]> = [
  [/broke off/, 'upstream ends the connection over paths to select by in a schema it cannot read'],
  [/cannot unmarshal/, 'of several values of another type, another one may be told'],
  [/(: (OpenAPIV3Schema|internal error).*){2}/, 'of several members that no schema may have, another one may be told'],
  [/failed to construct type information/, 'rules of parts of what is of no type at all'],
  [/"x-kubernetes-embedded-resource":false/, 'a no that is written down is left out upstream'],
  [/resourceVersion: Invalid value/, "what is no version is the client's mistake here, the server's fault upstream"],
  [/generateName|gen-/, 'names are drawn'],
];

function reasonFor({ theirs, ours }: Difference): string | undefined {
  const told = JSON.stringify([theirs, ours]);
  return known.find(([pattern]) => pattern.test(told))?.[1];
}

/** What counts of an answer: the object, or the refusal with its causes in any order, as maps have none in Go. */
function heart({ status, warnings, text }: Answer): unknown {
  if (status === 0) return 'broke off';
  if (!text.startsWith('{')) return { status, text };
  const {
    kind,
    message,
    details,
    metadata: _,
    ...rest
  } = JSON.parse(text.replace(/(?<=selfType)\d+|(?<="lastTransitionTime": ?")[^"]*/g, '')) as Json;
  if (kind !== 'Status') return inOrder({ status, warnings: [...warnings].sort(), ...rest });
  const causes = (details as { causes?: Json[] })?.causes?.map((cause) =>
    JSON.stringify(inOrder(cause)).replaceAll(/:(\{\}|\[\])/g, ':null'),
  );
  return { status, reason: rest.reason, causes: causes?.sort() ?? message };
}

/** Questions, and both answers to each. */
class Asked {
  readonly #questions: unknown[] = [];
  readonly #answers: (readonly [ours: unknown, theirs: unknown])[] = [];

  add(question: unknown, ours: unknown, theirs: unknown): void {
    this.#questions.push(question);
    this.#answers.push([ours, theirs]);
  }

  outcome(): ReturnType<typeof differing> {
    const [ours, theirs] = [0, 1].map((side) => this.#answers.map((answers) => answers[side]));
    return differing(this.#questions, theirs ?? [], ours ?? [], reasonFor);
  }
}

async function askDefinitions(servers: Servers, questions: Questions, count: number, asked: Asked): Promise<void> {
  for (let n = 0; n < count; n++) {
    const definition = questions.definition('things');
    const [ours, theirs] = await servers.both('POST', `${definitions}?dryRun=All`, definition);
    asked.add(definition, heart(ours), heart(theirs));
  }
}

/** Objects of a definition, changes of it, what is published of it, and its end. */
async function askObjects(
  servers: Servers,
  questions: Questions,
  plural: string,
  { asked, oracle }: { asked: Asked; oracle: Oracle },
): Promise<void> {
  const { spec, schema } = questions.served(plural);
  const name = `${plural}.k.example.com`;
  const made = await servers.both('POST', definitions, { metadata: { name }, spec });
  if (made.some(({ status }) => status !== 201)) return;
  const path = `/apis/k.example.com/v1/${spec.scope === 'Cluster' ? '' : 'namespaces/default/'}${plural}`;
  await eventually(async () => (await servers.both('GET', path)).every(({ status }) => status === 200), {
    message: `${plural} are served`,
  });
  for (let n = 0; n < 20; n++) {
    const own = questions.value(schema, 0.1);
    const object = {
      ...(typeof own === 'object' ? own : {}),
      apiVersion: 'k.example.com/v1',
      kind: kindOf(plural),
      metadata: { name: 'a' },
    };
    const [ours, theirs] = await servers.both('POST', `${path}?dryRun=All&fieldValidation=Warn`, object);
    asked.add({ schema, object }, heart(ours), heart(theirs));
  }
  for (let n = 0; n < 10; n++) {
    const change = questions.change(plural);
    const [ours, theirs] = await servers.both('PATCH', `${definitions}/${name}?dryRun=All`, change);
    asked.add({ schema, change }, heart(ours), heart(theirs));
  }
  for (let n = 0; n < 10; n++) {
    const address = questions.address(plural);
    const [ours, theirs] = await servers.both('GET', address);
    asked.add({ spec, address }, heart(ours), heart(theirs));
  }
  await askPublished(servers, JSON.parse(made[0].text) as Json, plural, { asked, oracle });
  await servers.both('DELETE', `${definitions}/${name}`);
}

interface Published {
  readonly schemas: Json;
  readonly paths?: Json;
}

/** What is published of a definition: its types, and its paths in the newer document. */
async function askPublished(
  servers: Servers,
  Definition: Json,
  plural: string,
  { asked, oracle }: { asked: Asked; oracle: Oracle },
): Promise<void> {
  const types = [kindOf(plural), `${kindOf(plural)}List`].map((kind) => `com.example.k.v1.${kind}`);
  for (const V2 of [false, true]) {
    const [theirs = { schemas: {} }] = (await oracle.ask([{ Definition, V2 }])) as Published[];
    const [{ text }] = await servers.both('GET', V2 ? '/openapi/v2' : '/openapi/v3/apis/k.example.com/v1');
    const document = JSON.parse(text) as { definitions?: Json; components?: { schemas: Json }; paths: Json };
    const own = Object.entries(document.paths).filter(([path]) => path.split('/').includes(plural));
    const schemas = document.definitions ?? document.components?.schemas ?? {};
    const ours: Published = { schemas, ...(V2 ? {} : { paths: Object.fromEntries(own) }) };
    const told = ({ schemas: all, paths }: Published): unknown =>
      inOrder([types.map((type) => undescribed(all[type])), undescribed(paths)]);
    asked.add({ Definition, V2 }, told(ours), told(theirs));
  }
}

/** Without what is said in sentences: ours are our own. */
function undescribed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(undescribed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name, one]) => !(name === 'description' && typeof one === 'string'));
  return Object.fromEntries(members.map(([name, one]) => [name, undescribed(one)]));
}

/** Definitions and custom resources: our server beside upstream's own, and what both publish. */
export const compare: Comparison = async ({ oracle, libraries, random, cases }) => {
  const servers = await Servers.start(await libraries.build('k8s.io/apiextensions-apiserver'));
  const questions = new Questions(random);
  const asked = new Asked();
  try {
    await askDefinitions(servers, questions, cases, asked);
    for (let n = 0; n < cases / 40; n++) await askObjects(servers, questions, `kind${n}s`, { asked, oracle });
  } finally {
    await servers.close();
  }
  return asked.outcome();
};
