import type { Timer } from '@keelson/base';
import { notAcceptable } from '@keelson/machinery';
import { representation } from '../registry/forms.ts';
import { openWatch, type WatchSink } from '../registry/watch.ts';
import type { Representation } from '../registry/watchers.ts';
import { Conversions } from './conversions.ts';
import type { Form } from './negotiate.ts';
import { integer, listQuery } from './options.ts';
import { protobufEncoder, protobufType } from './protobuf/protobuf-encode.ts';
import { formOf } from './request.ts';
import { isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';
import { toStatus } from './respond.ts';
import { WatchStream } from './watch-stream.ts';

/** Between bookmarks, in milliseconds. */
const bookmarkEvery = 60_000;

/** Streams changes until the client leaves, its timeout ends, or it falls too far behind. */
export async function serveWatch(request: ResourceRequest): Promise<void> {
  const { info, store, registry, response, clock } = request;
  const form = formOf(request);
  if (form.encoding === 'yaml') throw notAcceptable(['application/json;stream=watch', `${protobufType};stream=watch`]);
  const query = listQuery(request);
  const timeoutSeconds = integer(info.query, 'timeoutSeconds') ?? 0;
  const bookmarks = isTrue(info.query.get('allowWatchBookmarks'));
  const stream = new WatchStream(response);
  const bookmark = (revision: number, annotations?: Record<string, string>): void =>
    stream.write(shape.frame('BOOKMARK', bookmarkObject(request, form, revision, annotations)));
  const initialDone = (revision: number): void => {
    if (bookmarks) bookmark(revision, { 'k8s.io/initial-events-end': 'true' });
  };
  const shape = await shapeOf(request, form);
  const later = store.definition.version?.prepare ? new Conversions(store, shape, (frame) => stream.write(frame)) : undefined;
  const sink: WatchSink = {
    deliver: (frame) => stream.write(frame),
    end: () => stream.end(),
    ...(later ? { decide: (event, selection) => later.add(event, selection) } : {}),
    initialDone: (revision) => (later ? later.after(() => initialDone(revision)) : initialDone(revision)),
  };
  response.setHeader('content-type', form.encoding === 'json' ? 'application/json' : `${protobufType};stream=watch`);
  const watch = await openWatch(registry, store, query, shape, sink).catch((error: unknown) => endWithError(stream, shape, error));
  if (!watch) return;
  stream.begin();
  const life = timeoutSeconds > 0 ? timeoutSeconds * 1000 : request.limits.minRequestTimeout * (1 + request.random.next());
  const timers: Timer[] = life > 0 ? [clock.after(life, () => stream.end())] : [];
  if (bookmarks) keepBookmarking(request, timers, () => bookmark(Math.max(registry.feed.revision, Number(query.resourceVersion))));
  closeWithClient(request, stream, () => {
    for (const timer of timers) timer.cancel();
    watch.close();
  });
}

async function shapeOf({ store, info, clock }: ResourceRequest, form: Form): Promise<Representation> {
  const json = representation(store, form, info.query, () => clock.now());
  if (form.encoding === 'json') return json;
  const encoder = await protobufEncoder();
  return { ...json, name: `${json.name} protobuf`, frame: (type, object) => encoder.event(type, object) };
}

/** History that is gone is told in the stream, as upstream; other errors are the request's answer. */
function endWithError(stream: WatchStream, shape: Representation, error: unknown): undefined {
  const { status, code } = toStatus(error);
  if (code !== 410) throw error;
  stream.write(shape.frame('ERROR', Buffer.from(JSON.stringify(status))));
  stream.end();
}

function closeWithClient({ response, signal }: ResourceRequest, stream: WatchStream, close: () => void): void {
  const stop = (): void => stream.end();
  const over = (): void => {
    signal.removeEventListener('abort', stop);
    close();
  };
  signal.addEventListener('abort', stop, { once: true });
  response.on('close', over);
  if (response.destroyed) over();
  if (signal.aborted) stop();
}

/** Its place in `timers` is that of the one that waits for the next bookmark. */
function keepBookmarking({ clock }: ResourceRequest, timers: Timer[], bookmark: () => void): void {
  const place = timers.length;
  const again = (): void => {
    timers[place] = clock.after(bookmarkEvery, () => {
      bookmark();
      again();
    });
  };
  again();
}

function bookmarkObject({ store }: ResourceRequest, form: Form, revision: number, annotations?: Record<string, string>): Buffer {
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
  const meta = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}` };
  const { kind, apiVersion } = form.as === 'Object' || form.as === 'Table' ? store.kind : meta;
  const object = { kind, apiVersion, metadata };
  const table = {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: String(revision) },
    columnDefinitions: [],
    rows: [{ cells: [], object }],
  };
  return Buffer.from(JSON.stringify(form.as === 'Table' ? table : object));
}
