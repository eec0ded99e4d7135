import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, recordingLogger, SimulatedClock } from '@keelson/testing';
import type { Pod, PodStatus } from '@keelson/types';
import { StaticSource } from './static.ts';

/** A directory of manifests, and what its source says of it. */
class Manifests {
  readonly said: string[] = [];
  readonly source: StaticSource;
  readonly clock = new SimulatedClock();
  readonly log = recordingLogger();
  readonly #directory = mkdtempSync(join(tmpdir(), 'manifests-'));
  readonly #come = new Map<string, Pod>();

  constructor(t: TestContext) {
    this.source = new StaticSource(this.#directory, 'n1', this.clock, this.log);
    const stop = new AbortController();
    t.after(() => {
      stop.abort();
      rmSync(this.#directory, { recursive: true });
    });
    void this.source.run(
      { update: (pod) => this.#say('update', pod), remove: (pod) => this.#say('remove', pod) },
      () => undefined,
      stop.signal,
    );
  }

  /** Moved into its place, as a manifest should be. */
  write(image: string): void {
    writeFileSync(join(this.#directory, '.new'), manifest(image));
    renameSync(join(this.#directory, '.new'), this.#file);
  }

  create(image: string): void {
    writeFileSync(this.#file, manifest(image));
  }

  remove(): void {
    rmSync(this.#file);
  }

  /** Something stands in the place of the directory for a while. */
  async without(work: () => Promise<void>): Promise<void> {
    const aside = `${this.#directory}.aside`;
    renameSync(this.#directory, aside);
    writeFileSync(this.#directory, '');
    await work();
    rmSync(this.#directory);
    renameSync(aside, this.#directory);
  }

  /** The pod of that image has left the node. */
  ended(image: string, status: PodStatus = {}): void {
    const pod = this.#come.get(image);
    assert.ok(pod);
    this.source.ended(pod, status);
  }

  async says(...wanted: readonly string[]): Promise<void> {
    await eventually(() => this.said.length >= wanted.length, { message: `${wanted}` }).catch(() => undefined);
    assert.deepEqual(this.said, wanted);
  }

  get #file(): string {
    return join(this.#directory, 'web.yaml');
  }

  #say(what: string, pod: Pod): void {
    const image = pod.spec?.containers[0]?.image ?? '';
    this.#come.set(image, pod);
    const { restartCount } = pod.status?.containerStatuses?.[0] ?? {};
    this.said.push(`${what} ${image}${restartCount === undefined ? '' : `, restarted ${restartCount} times`}`);
  }
}

const manifest = (image: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'app', image }] } });

const images = (pods: readonly Pod[]): unknown[] => pods.map((pod) => pod.spec?.containers[0]?.image);

test('a pod whose manifest changed waits until the one before it has left the node', async (t) => {
  const manifests = new Manifests(t);
  manifests.write('a');
  await manifests.says('update a');
  manifests.write('b');
  await manifests.says('update a', 'remove a');
  manifests.write('c');
  await eventually(() => images(manifests.source.pods).includes('c'));
  assert.deepEqual(images(manifests.source.ending), ['a']);
  manifests.ended('a');
  await manifests.says('update a', 'remove a', 'update c');
  assert.deepEqual(images(manifests.source.ending), []);
});

test('a manifest that is removed and comes back, however fast, ends its pod, and it starts once more', async (t) => {
  const manifests = new Manifests(t);
  manifests.create('a');
  await manifests.says('update a');
  manifests.remove();
  manifests.create('a');
  await manifests.says('update a', 'remove a');
  manifests.ended('a', { containerStatuses: [{ name: 'app', restartCount: 2 }] } as PodStatus);
  await manifests.says('update a', 'remove a', 'update a, restarted 2 times');
});

test('a manifest put in its own place is no change', async (t) => {
  const manifests = new Manifests(t);
  manifests.write('a');
  await manifests.says('update a');
  manifests.write('a');
  manifests.write('b');
  await manifests.says('update a', 'remove a');
  assert.deepEqual(images(manifests.source.pods), ['b']);
});

test('a directory that cannot be read for a while takes no pods away, and is read again', async (t) => {
  const manifests = new Manifests(t);
  manifests.create('a');
  await manifests.says('update a');
  await manifests.without(async () => {
    await manifests.clock.advance(60_000);
    await eventually(() => manifests.log.entries.some(({ message }) => message === 'cannot read manifests'));
  });
  assert.deepEqual(manifests.said, ['update a']);
  manifests.write('b');
  await manifests.clock.advance(60_000);
  await manifests.says('update a', 'remove a');
});
