import type { Clock } from '@keelson/base';
import type { RecordingLogger } from '@keelson/testing';
import { type Event, Event as EventKind, Node, Pod } from '@keelson/types';
import type { History } from './history.ts';

interface Described {
  readonly clock: Clock;
  readonly history: History;
  readonly log: RecordingLogger;
}

/** What a person wants to see of a cluster that did not do what was expected of it. */
export function describeCluster({ clock, history, log }: Described): string {
  const nodes = history.list(Node).map(({ metadata, spec, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    return `node ${metadata?.name} ready=${ready} taints=${(spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).join(',')}`;
  });
  const pods = history.list(Pod).map(describePod);
  const events = history.list(EventKind).sort(byTime).slice(-20).map(describeEvent);
  const problems = log.entries.filter(({ level }) => level === 'warn' || level === 'error').slice(-20);
  const lines = problems.map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields, errors)}`);
  return [`at ${new Date(clock.now()).toISOString()}`, ...nodes, ...pods, ...events, ...lines].join('\n');
}

function describePod({ metadata, spec, status }: Pod): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const states = (status?.containerStatuses ?? []).map(({ state, restartCount }) => `${Object.keys(state ?? {})}×${restartCount}`);
  const ending = metadata?.deletionTimestamp ? ` ending since ${metadata.deletionTimestamp}` : '';
  return `pod ${metadata?.namespace}/${metadata?.name} on ${spec?.nodeName} ${status?.phase} ready=${ready} ${states.join(',')}${ending}`;
}

function describeEvent({ involvedObject, reason, message, lastTimestamp, count }: Event): string {
  return `event ${lastTimestamp} ×${count} ${involvedObject.kind} ${involvedObject.name} ${reason}: ${message}`;
}

function byTime(a: Event, b: Event): number {
  return String(a.lastTimestamp).localeCompare(String(b.lastTimestamp));
}

/** Errors as their messages; JSON has nothing else for them. */
function errors(_: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value;
}
