import {
  equal,
  type FieldError,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Subdomain,
  path,
  validateImmutable,
} from '@keelson/machinery';
import { Event, EventsV1Event } from '@keelson/types';
import { eventErrors } from '../core/event-validation.ts';
import type { KindDefinition } from '../types.ts';

/** events.k8s.io/v1: the events of the core group under newer names, and stricter about what is written. */
export const eventsEventKind: KindDefinition<EventsV1Event> = {
  kind: EventsV1Event,
  version: {
    of: Event,
    toStored: toCore,
    fromStored: fromCore,
    validateCreate: createErrors,
    selectableFields: {
      'regarding.kind': 'involvedObject.kind',
      'regarding.namespace': 'involvedObject.namespace',
      'regarding.name': 'involvedObject.name',
      'regarding.uid': 'involvedObject.uid',
      'regarding.apiVersion': 'involvedObject.apiVersion',
      'regarding.resourceVersion': 'involvedObject.resourceVersion',
      'regarding.fieldPath': 'involvedObject.fieldPath',
      reason: 'reason',
      reportingController: 'reportingComponent',
      type: 'type',
    },
  },
  validate: (event) => eventErrors(toCore(event), 'reportingController'),
  validateUpdate: (next, old) => updateErrors(toCore(next), toCore(old)),
};

function toCore({ regarding, note, deprecatedSource, reportingController, ...event }: EventsV1Event): Event {
  const { deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, eventTime, ...same } = event;
  return {
    ...same,
    eventTime: eventTime ?? undefined,
    involvedObject: regarding ?? {},
    message: note,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
    reportingComponent: reportingController,
  };
}

function fromCore({ involvedObject, message, source, reportingComponent, ...event }: Event): EventsV1Event {
  const { firstTimestamp, lastTimestamp, count, eventTime, series, ...same } = event;
  return {
    ...same,
    // A required member: one that was never set is null on the wire.
    eventTime: eventTime ?? (null as unknown as string),
    series: series && { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? (null as unknown as string) },
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
    reportingController: reportingComponent,
  };
}

/** What only a new event must be. Fields go by the names they are stored under, as upstream tells of them. */
function createErrors(event: EventsV1Event): FieldError[] {
  const { metadata, eventTime, type = '', series, source, firstTimestamp, lastTimestamp, count } = toCore(event);
  const { name } = metadata;
  const called = path('metadata', 'name');
  const errors = name ? invalidBy(isDNS1123Subdomain(name), called, name) : [fieldRequired(called, 'name or generateName is required')];
  errors.push(...seriesErrors(series));
  if (!eventTime) errors.push(fieldRequired('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') errors.push(fieldInvalid('type', '', `has invalid value: ${type}`));
  const old = { firstTimestamp, lastTimestamp, count, source: source?.component || source?.host };
  for (const [field, value] of Object.entries(old)) if (value) errors.push(fieldInvalid(field, '', 'needs to be unset'));
  return errors;
}

const fixed = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const;

/** Nothing but the series changes. */
function updateErrors(next: Event, old: Event): FieldError[] {
  const moved = equal(next.series, old.series) ? [] : seriesErrors(next.series);
  return [
    ...moved,
    ...fixed.flatMap((field) => validateImmutable(next[field], old[field], field === 'reportingComponent' ? 'reportingController' : field)),
  ];
}

function seriesErrors(series: Event['series']): FieldError[] {
  if (!series) return [];
  const errors = (series.count ?? 0) < 2 ? [fieldInvalid('series.count', '', 'should be at least 2')] : [];
  return series.lastObservedTime ? errors : [...errors, fieldRequired('series.lastObservedTime')];
}
