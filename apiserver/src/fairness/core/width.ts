import type { RequestInfo } from '../../http/request-info.ts';

/** Objects that a list may show for one seat. */
const objectsPerSeat = 100;
/** No request takes more seats than this, nor more than this part of its level's nominal seats. */
const widest = { seats: 10, part: 0.15 };

/** The most seats a request may take in a level of so many. */
export function widestOf(nominal: number): number {
  return Math.min(widest.seats, Math.max(1, Math.ceil(nominal * widest.part)));
}

/** Whether a request shows many objects at once: a list, or a watch that begins with what there is. */
export function showsMany({ isResource, verb, name, query }: RequestInfo): boolean {
  if (!isResource || name !== '' || byName.test(query.get('fieldSelector') ?? '')) return false;
  if (verb === 'list') return true;
  if (verb !== 'watch') return false;
  const from = query.get('resourceVersion') ?? '';
  return from === '' || from === '0' || query.get('sendInitialEvents') === 'true';
}

const byName = /(^|,)metadata\.name==?[^,]/;

/**
 * Seats of a request that shows many: one for each hundred objects of its kind in the whole cluster, or of its `limit`. A namespace or
 * a selector makes it no narrower, as upstream. All others take one.
 */
export function seatsFor(query: URLSearchParams, objects: number, most: number): number {
  const limit = Number(query.get('limit') ?? 0);
  const shown = limit > 0 ? Math.min(limit, objects) : objects;
  return Math.min(most, Math.max(1, Math.ceil(shown / objectsPerSeat)));
}
