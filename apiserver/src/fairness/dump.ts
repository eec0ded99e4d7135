import type { PlainRoute } from '../http/plain-route.ts';
import type { Account, Reason } from './account.ts';
import { guessed, type Queue, type Ticket } from './core/queue-set.ts';
import type { Level, Levels } from './levels.ts';
import type { Held } from './priority-and-fairness.ts';

const root = '/debug/api_priority_and_fairness/';

/** The state of priority and fairness as tables of text: values with commas between, in columns. */
export function dumpRoute(levels: Levels<Held>): PlainRoute {
  return ({ path, query }) => {
    if (!path.startsWith(root)) return undefined;
    const details = query.get('includeRequestDetails') === '1';
    const all = [...levels.all].sort((a, b) => (a.name < b.name ? -1 : 1));
    const tables: Readonly<Record<string, () => string[][]>> = {
      dump_priority_levels: () => levelTable(all, [...levels.accounts]),
      dump_queues: () => queueTable(all),
      dump_requests: () => requestTable(all, details),
    };
    const rows = tables[path.slice(root.length)];
    return rows && { type: 'text/plain; charset=utf-8', body: aligned(rows()), headers: { 'x-content-type-options': 'nosniff' } };
  };
}

function levelTable(all: readonly Level<Held>[], accounts: readonly Account[]): string[][] {
  const head = ['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'];
  const counts = ['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'];
  const rows = all.map(({ name, set, quiescing }) => {
    const own = accounts.filter(({ level }) => level === name);
    const rejected = (...reasons: Reason[]): number =>
      sum(own.flatMap((account) => reasons.map((reason) => account.rejected.get(reason) ?? 0)));
    const active = [...set.queues].filter(({ waiting }) => waiting.size > 0).length;
    const now = [active, set.waiting + set.executing.size === 0, quiescing, set.waiting, set.executing.size];
    const since = [
      sum(own.map(({ dispatched }) => dispatched)),
      rejected('queue-full', 'concurrency-limit'),
      rejected('time-out'),
      rejected('cancelled'),
    ];
    return [name, ...now, ...since].map(String);
  });
  return [[...head, ...counts], ...rows];
}

/** Queues that were used lately; others have never been made. */
function queueTable(all: readonly Level<Held>[]): string[][] {
  const head = ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'];
  const rows = all.flatMap(({ name, set }) =>
    sorted(set.queues).map(({ index, waiting, executing, seats, due }) => {
      const pending = sum([...waiting].map((ticket) => ticket.seats));
      const now = [name, index, waiting.size, executing, seats - pending, seatSeconds(due)];
      return [...now, pending, pending, seatSeconds(pending * guessed)].map(String);
    }),
  );
  return [[...head, 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'], ...rows];
}

/** Of seats × milliseconds. */
function seatSeconds(work: number): string {
  return `${(work / 1000).toFixed(8)}ss`;
}

function requestTable(all: readonly Level<Held>[], details: boolean): string[][] {
  const head = [
    'PriorityLevelName',
    'FlowSchemaName',
    'QueueIndex',
    'RequestIndexInQueue',
    'FlowDistingsher',
    'ArriveTime',
    'InitialSeats',
  ];
  const times = ['FinalSeats', 'AdditionalLatency', 'StartTime'];
  const what = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];
  const rows = all.flatMap(({ set }) => [
    ...[...set.executing].map((ticket) => requestRow(ticket, -1, details)),
    ...sorted(set.queues).flatMap(({ waiting }) => [...waiting].map((ticket, i) => requestRow(ticket, i, details))),
  ]);
  return [[...head, ...times, ...(details ? what : [])], ...rows];
}

function requestRow(ticket: Ticket<Held>, place: number, details: boolean): string[] {
  const { data, queue, arrived, seats, started } = ticket;
  const { flow, distinguisher, arrival } = data;
  const start = ticket.state === 'waiting' ? '0001-01-01T00:00:00Z' : new Date(started).toISOString();
  const values = [
    flow.level.name,
    flow.name,
    queue?.index ?? -1,
    place,
    distinguisher,
    new Date(arrived).toISOString(),
    seats,
    0,
    '0s',
    start,
  ];
  if (!details) return values.map(String);
  const { verb, path, namespace, name, version, resource, subresource } = arrival.info;
  return [...values, arrival.user.name, verb, path, namespace, name, version, resource, subresource].map(String);
}

function sorted<T>(queues: Iterable<Readonly<Queue<T>>>): Readonly<Queue<T>>[] {
  return [...queues].sort((a, b) => a.index - b.index);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Each column as wide as its widest value. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((value, i) => (i === row.length - 1 ? value : `${value},`.padEnd((widths[i] ?? 0) + 2))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
