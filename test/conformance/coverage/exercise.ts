import type { KubeObject } from '@keelson/client';
import type { Context, Question, Reply } from '../context.ts';
import { sampleOf } from './samples.ts';
import type { Surface } from './surface.ts';

/** What became of one operation: what was asked, and what is wrong with the answer, if anything. */
export interface Outcome {
  readonly verb: string;
  readonly status: number;
  readonly fault?: string;
}

/** Updates that may meet a conflict. */
const tries = 10;
const merge = { 'content-type': 'application/merge-patch+json' };

/** Asks a server for every operation of one line of the table, on objects made for it. */
export async function exercise(c: Context, { group, version, resource, verbs }: Surface): Promise<Outcome[]> {
  if (!group) {
    const expected = absent.includes(resource) ? [404] : [200];
    return Promise.all(verbs.map(async (verb) => judged(verb, await c.ask({ path: documentPath(resource) }), expected)));
  }
  const base = group === 'core' ? `/api/${version}` : `/apis/${group}/${version}`;
  if (!resource) return [judged('get', await c.ask({ path: `${base}` }), [200])];
  return new Exercise(c, { base, group, resource }).run(verbs);
}

/** What a server with its defaults does not serve: its logs, and groups that have no stable version. */
const absent = ['/logs/', '/logs/{logpath}', '/apis/internal.apiserver.k8s.io/', '/apis/storagemigration.k8s.io/'];

function documentPath(path: string): string {
  return path.replace('{logpath}', 'x').replace(/(?<=.)\/$/, '');
}

function judged(verb: string, { status, text }: Reply, expected: readonly number[]): Outcome {
  if (expected.includes(status)) return { verb, status };
  return { verb, status, fault: text.slice(0, 300) };
}

interface Place {
  readonly base: string;
  readonly group: string;
  readonly resource: string;
}

class Exercise {
  readonly #c: Context;
  readonly #place: Place;
  readonly #kind: string;
  readonly #part: string;

  constructor(c: Context, place: Place) {
    this.#c = c;
    this.#place = place;
    [this.#kind = '', this.#part = ''] = place.resource.split('/');
  }

  async run(verbs: readonly string[]): Promise<Outcome[]> {
    if (this.#place.resource === 'bindings') return [await this.#bind('bindings')];
    if (this.#kind === 'componentstatuses') return this.#read(verbs);
    if (!verbs.includes('get') && !this.#part) return [await this.#outcome('create', this.#creation(), [200, 201])];
    const name = await this.#make();
    const outcomes: Outcome[] = [];
    const order = ['create', 'list', 'get', 'update', 'patch', 'delete', 'deletecollection'];
    const rank = (verb: string): number => order.indexOf(verb);
    for (const verb of verbs.toSorted((a, b) => rank(a) - rank(b))) outcomes.push(await this.#try(verb, name));
    if (!verbs.includes('delete')) await this.#c.ask({ method: 'DELETE', path: this.#path(name) });
    return outcomes;
  }

  #try(verb: string, name: string): Promise<Outcome> {
    if (this.#part) return this.#tryPart(verb, name);
    const own = `labelSelector=${encodeURIComponent(`coverage=${name}`)}`;
    const asks: Readonly<Record<string, () => Promise<Outcome>>> = {
      create: async () => ({ verb, status: 201 }),
      list: () =>
        this.#outcome(verb, { path: `${this.#collection}?${own}` }, [200], (list) => (list as { items?: unknown[] }).items?.length === 1),
      get: () => this.#outcome(verb, { path: this.#path(name) }, [200]),
      update: () => this.#update(verb, this.#path(name)),
      patch: () => this.#patch(verb, this.#path(name)),
      delete: () => this.#outcome(verb, { method: 'DELETE', path: this.#path(name) }, [200, 202]),
      deletecollection: async () => {
        const another = await this.#make();
        const path = `${this.#collection}?labelSelector=${encodeURIComponent(`coverage=${another}`)}`;
        return this.#outcome(verb, { method: 'DELETE', path }, [200]);
      },
    };
    return asks[verb]?.() ?? Promise.resolve({ verb, status: 0, fault: 'nobody knows how to try this' });
  }

  async #tryPart(verb: string, name: string): Promise<Outcome> {
    const path = `${this.#path(name)}/${this.#part}`;
    if (verb.startsWith('connect:')) return this.#connect(verb, path);
    // Nothing runs: who has no node has no log.
    if (this.#part === 'log') return this.#outcome(verb, { path }, [200, 400]);
    if (this.#part === 'binding') return this.#bind(`pods/${name}/binding`);
    if (this.#part === 'finalize') return this.#update(verb, this.#path(name), path);
    if (verb === 'get') return this.#outcome(verb, { path }, [200]);
    if (verb === 'update') return this.#update(verb, path);
    if (verb === 'patch') return this.#patch(verb, path);
    const bodies: Readonly<Record<string, object>> = {
      eviction: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: this.#c.namespace } },
      token: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    };
    return this.#outcome(verb, { method: 'POST', path, body: bodies[this.#part] }, [200, 201]);
  }

  /** There is nobody at the other end; the server says so, and in its own words. */
  async #connect(verb: string, path: string): Promise<Outcome> {
    const method = verb.split(':')[1]?.toUpperCase() ?? '';
    const reply = await this.#c.ask({ method, path: this.#part === 'exec' ? `${path}?command=x` : path });
    const known = method === 'HEAD' || /"kind":\s*"Status"|no endpoints|not have a host/i.test(reply.text);
    const refused = reply.status === 405 || /could not find the requested resource/.test(reply.text);
    return known && !refused ? { verb, status: reply.status } : { verb, status: reply.status, fault: reply.text.slice(0, 300) };
  }

  async #bind(resource: string): Promise<Outcome> {
    const pods = new Exercise(this.#c, { ...this.#place, resource: 'pods' });
    const name = await pods.#make();
    const path = `${this.#place.base}/namespaces/${this.#c.namespace}/${resource.startsWith('pods/') ? `pods/${name}/binding` : resource}`;
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: 'nobody' } };
    const outcome = await this.#outcome('create', { method: 'POST', path, body }, [201]);
    await this.#c.ask({ method: 'DELETE', path: `${pods.#path(name)}?gracePeriodSeconds=0` });
    return outcome;
  }

  #read(verbs: readonly string[]): Promise<Outcome[]> {
    return Promise.all(
      verbs.map((verb) => this.#outcome(verb, { path: verb === 'list' ? this.#collection : `${this.#collection}/etcd-0` }, [200])),
    );
  }

  /** Once more when a controller wrote in between. */
  async #update(verb: string, path: string, to = path): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const body = await this.#c.must<KubeObject>({ path });
      const outcome = await this.#outcome(verb, { method: 'PUT', path: to, body }, [200]);
      if (outcome.status !== 409 || attempt === tries) return outcome;
    }
  }

  #patch(verb: string, path: string): Promise<Outcome> {
    const body = { metadata: { annotations: { 'coverage.example/patched': 'yes' } } };
    return this.#outcome(
      verb,
      { method: 'PATCH', path, headers: merge, body: this.#part === 'scale' ? { spec: { replicas: 0 } } : body },
      [200],
    );
  }

  async #outcome(verb: string, question: Question, expected: readonly number[], fits?: (answer: KubeObject) => boolean): Promise<Outcome> {
    const reply = await this.#c.ask(question);
    const outcome = judged(verb, reply, expected);
    if (outcome.fault !== undefined || !fits || fits(reply.json())) return outcome;
    return { ...outcome, fault: `not what was asked for: ${reply.text.slice(0, 200)}` };
  }

  async #make(): Promise<string> {
    const question = this.#creation();
    const { metadata } = await this.#c.must<KubeObject>(question);
    return metadata?.name ?? '';
  }

  #creation(): Question {
    const short = this.#c.unique('x').replace('-', '');
    const sample = sampleOf(this.#place.group, this.#kind, short, this.#c.namespace);
    if (!sample) throw new Error(`there is no sample of ${this.#kind}`);
    const metadata = { name: sample.name, labels: { coverage: sample.name } };
    const body = { ...sample.object, ...(this.#isReview ? {} : { metadata }) };
    return { method: 'POST', path: this.#collection, body };
  }

  get #isReview(): boolean {
    return this.#kind.endsWith('reviews');
  }

  get #collection(): string {
    const { base } = this.#place;
    return namespaced.has(this.#kind) ? `${base}/namespaces/${this.#c.namespace}/${this.#kind}` : `${base}/${this.#kind}`;
  }

  #path(name: string): string {
    return `${this.#collection}/${name}`;
  }
}

const namespaced = new Set([
  ...['configmaps', 'endpoints', 'events', 'limitranges', 'persistentvolumeclaims', 'pods', 'podtemplates', 'replicationcontrollers'],
  ...['resourcequotas', 'secrets', 'serviceaccounts', 'services', 'bindings', 'controllerrevisions', 'daemonsets', 'deployments'],
  ...['replicasets', 'statefulsets', 'localsubjectaccessreviews', 'horizontalpodautoscalers', 'cronjobs', 'jobs', 'leases'],
  ...['endpointslices', 'ingresses', 'networkpolicies', 'poddisruptionbudgets', 'rolebindings', 'roles', 'resourceclaims'],
  ...['resourceclaimtemplates', 'csistoragecapacities'],
]);
