import { humanDuration, isPathSegment } from '@keelson/machinery';
import { Event } from '@keelson/types';
import { nameColumn } from '../columns.ts';
import type { Column, KindDefinition } from '../types.ts';
import { eventErrors } from './event-validation.ts';

const since = (time: string | null | undefined, now: number): string => (time ? humanDuration(now - Date.parse(time)) : '<unknown>');

const columns: readonly Column<Event>[] = [
  {
    name: 'Last Seen',
    type: 'string',
    cell: (event, now) => since(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp, now),
  },
  { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
  { name: 'Reason', type: 'string', cell: ({ reason }) => reason ?? '' },
  {
    name: 'Object',
    type: 'string',
    cell: ({ involvedObject: { kind = '', name } }) => (name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()),
  },
  { name: 'Subobject', type: 'string', priority: 1, cell: ({ involvedObject }) => involvedObject.fieldPath ?? '' },
  {
    name: 'Source',
    type: 'string',
    priority: 1,
    cell: sourceText,
  },
  { name: 'Message', type: 'string', cell: ({ message }) => (message ?? '').trim() },
  { name: 'First Seen', type: 'string', priority: 1, cell: (event, now) => since(event.firstTimestamp ?? event.eventTime, now) },
  { name: 'Count', type: 'string', priority: 1, cell: ({ series, count }) => series?.count ?? (count || 1) },
  { ...nameColumn, priority: 1 },
];

/** Who saw it, and where. */
function sourceText({ source, reportingComponent = '', reportingInstance }: Event): string {
  const where = source?.host || reportingInstance;
  return (source?.component || reportingComponent) + (where ? `, ${where}` : '');
}

export const eventKind: KindDefinition<Event> = {
  kind: Event,
  ttlSeconds: 3600,
  createOnUpdate: true,
  deletion: { defaultPolicy: 'Unsupported' },
  name: isPathSegment,
  defaults(event) {
    event.involvedObject ??= {};
    event.source ??= {};
  },
  validate: (event) => eventErrors(event, 'reportingComponent'),
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent, source }) => reportingComponent || source?.component || '',
    source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
    type: ({ type }) => type ?? '',
  },
  columns,
};
