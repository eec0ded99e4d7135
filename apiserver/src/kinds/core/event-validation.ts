import { type FieldError, fieldInvalid, fieldRequired, invalidBy, isQualifiedName, path } from '@keelson/machinery';
import type { Event } from '@keelson/types';

/** Characters in an event's note, action, reason and reporting instance, as upstream. */
const longest = { message: 1024, text: 128 };

/**
 * What every event must be. One with an eventTime is of the newer kind: it says who reports what.
 * @param controllerField what the asking version calls `reportingComponent`.
 */
export function eventErrors(event: Event, controllerField: 'reportingComponent' | 'reportingController'): FieldError[] {
  const { metadata, involvedObject, eventTime } = event;
  const { namespace: of = '' } = involvedObject ?? {};
  const place = metadata.namespace ?? '';
  const apart = fieldInvalid('involvedObject.namespace', of, 'does not match event.namespace');
  if (!eventTime) return (of === '' ? place === 'default' : of === place) ? [] : [apart];
  const errors = of === '' && place !== 'default' && place !== 'kube-system' ? [apart] : [];
  return [...errors, ...controllerErrors(event.reportingComponent, controllerField), ...textErrors(event)];
}

function controllerErrors(reporter: string | undefined, field: string): FieldError[] {
  const missing = reporter ? [] : [fieldRequired(field)];
  return [...missing, ...invalidBy(isQualifiedName(reporter ?? ''), path(field), reporter ?? '')];
}

function textErrors(event: Event): FieldError[] {
  const errors = (['reportingInstance', 'action', 'reason'] as const).flatMap((member) => {
    const text = event[member] ?? '';
    if (text === '') return [fieldRequired(member)];
    return text.length > longest.text ? [fieldInvalid(member, '', `can have at most ${longest.text} characters`)] : [];
  });
  if ((event.message ?? '').length > longest.message)
    errors.push(fieldInvalid('message', '', `can have at most ${longest.message} characters`));
  return errors;
}
