import { ageText, parseTime } from '@keelson/machinery';
import { Event } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import type { AnyObject } from '../types.ts';
import { type Lines, tableLines } from './lines.ts';

/** The events about an object, oldest first. Whoever may not see events sees none. */
export async function eventsOf(cluster: Cluster, object: AnyObject): Promise<Event[]> {
  const { name = '', namespace, uid = '' } = object.metadata;
  // Kubelets record events about their node under its name.
  const isNode = object.kind === 'Node';
  const fieldSelector = [
    `involvedObject.name=${name}`,
    ...(namespace ? [`involvedObject.namespace=${namespace}`] : []),
    ...(object.kind ? [`involvedObject.kind=${object.kind}`] : []),
    ...(uid && !isNode ? [`involvedObject.uid=${uid}`] : []),
  ].join(',');
  const { items } = await cluster.api.list(Event, { ...(namespace ? { namespace } : {}), fieldSelector }).catch(() => ({ items: [] }));
  return inOrder(isNode ? items.filter(({ involvedObject }) => [uid, name].includes(involvedObject.uid ?? '')) : items);
}

/** By the time they were last counted, as upstream has them: those of the newer API, which have none, come first. */
export function inOrder(events: readonly Event[]): Event[] {
  const counted = ({ lastTimestamp }: Event): number => parseTime(lastTimestamp) ?? Number.NEGATIVE_INFINITY;
  return events.toSorted((a, b) => (counted(a) === counted(b) ? 0 : counted(a) - counted(b)));
}

export function lastSeen(event: Event): number {
  return parseTime(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp) ?? 0;
}

/** How long ago it was seen, and how often: `2m (x5 over 10m)`. */
export function interval(event: Event, now: number): string {
  const first = ageText(event.eventTime ?? event.firstTimestamp, now);
  if (event.series) return `${ageText(event.series.lastObservedTime, now)} (x${event.series.count ?? 0} over ${first})`;
  const { count = 0 } = event;
  return (count ?? 0) > 1 ? `${ageText(event.lastTimestamp, now)} (x${count} over ${first})` : first;
}

export function eventLines(events: readonly Event[], now: number): Lines {
  if (events.length === 0) return ['Events:\t<none>'];
  const rows = events.map((event) => {
    const from = event.source?.component || event.reportingComponent || '';
    const { fieldPath } = event.involvedObject;
    const message = `${fieldPath ? `${fieldPath}: ` : ''}${(event.message ?? '').trim()}`;
    return [event.type, event.reason, interval(event, now), from, message];
  });
  // One dash more than `Age` has letters, as upstream has it.
  return ['Events:', ...tableLines(1, ['Type', 'Reason', 'Age', 'From', 'Message'], rows, ['----', '------', '----', '----', '-------'])];
}
