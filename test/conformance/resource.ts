import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { Context, Following, Reply, WatchEvent } from './context.ts';

/** What every object has. */
export interface Labelled extends KubeObject {
  metadata: KubeObject['metadata'] & {
    labels?: Record<string, string> | undefined;
    annotations?: Record<string, string> | undefined;
    deletionTimestamp?: string | undefined;
  };
}

export type PatchType = 'strategic' | 'merge' | 'json' | 'apply';

const contentTypes: Readonly<Record<PatchType, string>> = {
  strategic: 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** What a list says. */
export interface List<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** Milliseconds that anything a cluster does by itself may take here. */
export const patience = 60_000;

/** Waits until the cluster has done it. */
export const until = <T>(condition: () => T | Promise<T>, message?: string) =>
  eventually(condition, { deadlineMs: patience, ...(message === undefined ? {} : { message }) });

/** The objects of one resource, in one place. Every request must succeed unless its name says otherwise. */
export class Resource<T extends Labelled = Labelled> {
  readonly path: string;
  readonly #c: Context;

  constructor(c: Context, path: string) {
    this.#c = c;
    this.path = path;
  }

  /** One request below the collection; `name` may have a subresource and a query. Never throws for a status. */
  ask(method: string, name = '', body?: unknown, type?: PatchType): Promise<Reply> {
    const headers = type ? { 'content-type': contentTypes[type] } : {};
    const path = name === '' || name.startsWith('?') ? `${this.path}${name}` : `${this.path}/${name}`;
    return this.#c.ask({ method, path, headers, ...(body === undefined ? {} : { body }) });
  }

  async #must<R>(method: string, name?: string, body?: unknown, type?: PatchType): Promise<R> {
    const reply = await this.ask(method, name, body, type);
    assert.ok(reply.status < 300, `${method} ${this.path}/${name}: ${reply.status} ${reply.text}`);
    return reply.json<R>();
  }

  create(body: object): Promise<T> {
    return this.#must('POST', '', body);
  }

  /** Like `create`; gone when the spec ends. */
  async lend(body: object): Promise<T> {
    const made = await this.create(body);
    this.#c.after(() => this.ask('DELETE', made.metadata.name));
    return made;
  }

  get(name: string): Promise<T> {
    return this.#must('GET', name);
  }

  list(labelSelector = ''): Promise<List<T>> {
    return this.#must('GET', selecting(labelSelector));
  }

  async items(labelSelector = ''): Promise<readonly T[]> {
    return (await this.list(labelSelector)).items;
  }

  patch(name: string, body: unknown, type: PatchType = 'strategic'): Promise<T> {
    const query = type === 'apply' ? '?fieldManager=conformance&force=true' : '';
    return this.#must('PATCH', `${name}${query}`, body, type);
  }

  replace(object: T, subresource = ''): Promise<T> {
    return this.#must('PUT', `${object.metadata.name}${subresource}`, object);
  }

  /** Changes the present object until the server takes it: others write too. */
  update(name: string, change: (present: T) => T, subresource = ''): Promise<T> {
    return until(async () => {
      const reply = await this.ask('PUT', `${name}${subresource}`, change(structuredClone(await this.get(name))));
      assert.ok(reply.status < 300 || reply.status === 409, `PUT ${name}${subresource}: ${reply.status} ${reply.text}`);
      return reply.status < 300 && reply.json<T>();
    });
  }

  remove(name: string, options?: object): Promise<unknown> {
    return this.#must('DELETE', name, options);
  }

  removeAll(labelSelector: string): Promise<unknown> {
    return this.#must('DELETE', selecting(labelSelector));
  }

  async exists(name: string): Promise<boolean> {
    const { status, text } = await this.ask('GET', name);
    assert.ok(status === 200 || status === 404, text);
    return status === 200;
  }

  async gone(name: string): Promise<void> {
    await until(async () => !(await this.exists(name)), `${this.path}/${name} to be gone`);
  }

  async count(labelSelector: string, wanted: number): Promise<void> {
    const enough = async () => (await this.items(labelSelector)).length === wanted;
    await until(enough, `${wanted} of ${this.path} ${labelSelector}`);
  }

  /** Waits for an object that is as wanted, and answers it. */
  until(name: string, wanted: (present: T) => unknown): Promise<T> {
    let last: T | undefined;
    const look = async () => {
      last = await this.get(name);
      return wanted(last) ? last : undefined;
    };
    return until(look).catch((error) => {
      throw new Error(`${error.message}\n${JSON.stringify(last)}`);
    }) as Promise<T>;
  }

  /** Watches from a list's version on; from now without one. */
  async follow({ labelSelector = '', from = '' }: { labelSelector?: string; from?: string } = {}): Promise<Following<T>> {
    const query = new URLSearchParams({ ...(labelSelector && { labelSelector }), ...(from && { resourceVersion: from }) });
    return this.#c.follow<T>(`${this.path}${query.size > 0 ? `?${query}` : ''}`);
  }
}

const selecting = (labelSelector: string): string => (labelSelector ? `?labelSelector=${encodeURIComponent(labelSelector)}` : '');

const root = (apiVersion: string): string => (apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`);

/** A resource in the spec's namespace, or in another one. */
export const within = <T extends Labelled>(c: Context, apiVersion: string, plural: string, namespace = c.namespace): Resource<T> =>
  new Resource<T>(c, `${root(apiVersion)}/namespaces/${namespace}/${plural}`);

/** A cluster's resource, or a namespaced one across all namespaces. */
export const across = <T extends Labelled>(c: Context, apiVersion: string, plural: string): Resource<T> =>
  new Resource<T>(c, `${root(apiVersion)}/${plural}`);

/** Waits for an event of a watch, and answers it. */
export async function seen<T>({ events }: Following<T>, wanted: (event: WatchEvent<T>) => unknown, what?: string): Promise<WatchEvent<T>> {
  return until(() => events.find(wanted), what).catch((error) => {
    throw new Error(`${error.message}\n${JSON.stringify(events)}`);
  });
}

/** The object with these labels besides its own. */
export const withLabels = <T extends Labelled>(object: T, labels: Record<string, string>): T => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
});

/** The object with these annotations besides its own. */
export const withAnnotations = <T extends Labelled>(object: T, annotations: Record<string, string>): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
});

/** The group, the version and the named resources can be discovered. */
export async function discovered(c: Context, group: string, version: string, names: readonly string[]): Promise<void> {
  type Group = { name: string; versions: { version: string }[] };
  const { groups } = await c.must<{ groups: Group[] } & KubeObject>({ path: '/apis' });
  const served = groups.find(({ name }) => name === group)?.versions.map((one) => one.version);
  assert.ok(served?.includes(version), `${group}/${version} in /apis`);
  const own = await c.must<Group & KubeObject>({ path: `/apis/${group}` });
  assert.ok(own.versions.some((one) => one.version === version));
  const { resources } = await c.must<{ resources: { name: string }[] } & KubeObject>({ path: `/apis/${group}/${version}` });
  for (const name of names)
    assert.ok(
      resources.some((resource) => resource.name === name),
      `${name} in ${group}/${version}`,
    );
}
