import type { Clock, Timer } from '@keelson/base';
import type { Registry } from '../registry/registry.ts';
import type { Reason } from './account.ts';
import { hashOf } from './core/hand.ts';
import type { Ticket } from './core/queue-set.ts';
import { seatsFor, showsMany } from './core/width.ts';
import { type Arrival, answerTooMany, type Gate, type Handle, needsNoSeat } from './gate.ts';
import { type Flow, Levels } from './levels.ts';

/** One request in a priority level. */
export interface Held {
  readonly flow: Flow<Held>;
  /** User or namespace that tells its flow from others of the same FlowSchema. */
  readonly distinguisher: string;
  readonly arrival: Arrival;
  /** Called when its turn has come; absent while it does not wait. */
  begin?: (() => void) | undefined;
}

/** Milliseconds: a quarter of the time upstream gives a whole request. */
const longestWait = 15_000;
/** Milliseconds between two looks at who needs seats of others. */
const lendingPeriod = 10_000;

/**
 * API priority and fairness: each request belongs to a priority level, takes seats of it, and waits in a fair queue while there are
 * none. A watch keeps its seats only until it has shown what there is.
 */
export class PriorityAndFairness implements Gate {
  readonly levels: Levels<Held>;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #lending: Timer | undefined;

  /** `total`: seats of the server. After the signal, when nobody new comes, no seats are lent. */
  constructor(registry: Registry, total: number, signal: AbortSignal) {
    this.#registry = registry;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#lending?.cancel(), { once: true });
    this.#clock = registry.options.clock;
    this.levels = new Levels(registry, total, begin);
  }

  serve(arrival: Arrival, handle: Handle): Promise<void> {
    const { info, user, response } = arrival;
    if (needsNoSeat(info)) return handle(() => undefined);
    const flow = this.levels.classify(info, user);
    const { level, account } = flow;
    response.setHeader('x-kubernetes-pf-flowschema-uid', flow.uid);
    response.setHeader('x-kubernetes-pf-prioritylevel-uid', level.uid);
    const distinguisher = flow.by === 'ByUser' ? user.name : flow.by === 'ByNamespace' ? info.namespace : '';
    const held: Held = { flow, distinguisher, arrival, begin: undefined };
    const seats = showsMany(info) ? this.#widthOf(arrival, level.widest) : 1;
    const ticket = level.set.offer(held, seats, hashOf(distinguisher, flow.seed), this.#clock.now());
    account.widths.add(seats);
    if (typeof ticket === 'string') return this.#refuse(held, ticket);
    if (ticket.state === 'executing') return this.#execute(ticket, handle);
    return this.#waitFor(ticket, handle);
  }

  /** What this server does not keep itself costs it little. */
  #widthOf({ info }: Arrival, most: number): number {
    const store = this.#registry.find(info.group, info.version, info.resource);
    return store ? seatsFor(info.query, store.cache.size, most) : 1;
  }

  async #execute(ticket: Ticket<Held>, handle: Handle): Promise<void> {
    const { account } = ticket.data.flow;
    account.dispatched++;
    account.executing++;
    account.executingSeats += ticket.seats;
    account.waited.true.add((ticket.started - ticket.arrived) / 1000);
    const leave = (): void => this.#finish(ticket);
    try {
      await handle(leave);
    } finally {
      leave();
    }
  }

  #finish(ticket: Ticket<Held>): void {
    if (ticket.state !== 'executing') return;
    const { flow, arrival } = ticket.data;
    const now = this.#clock.now();
    flow.account.executing--;
    flow.account.executingSeats -= ticket.seats;
    flow.account.executed[arrival.info.verb === 'watch' ? 'watch' : 'regular'].add((now - ticket.started) / 1000);
    begin(flow.level.set.finish(ticket, now));
  }

  async #waitFor(ticket: Ticket<Held>, handle: Handle): Promise<void> {
    const { data, seats, queue, arrived } = ticket;
    const { account } = data.flow;
    account.waiting++;
    account.waitingSeats += seats;
    account.lengths.add(queue?.waiting.size ?? 0);
    this.#watchDemand();
    const given = await this.#turn(ticket);
    account.waiting--;
    account.waitingSeats -= seats;
    if (given === undefined) return this.#execute(ticket, handle);
    account.waited.false.add((this.#clock.now() - arrived) / 1000);
    return this.#refuse(data, given);
  }

  /** Resolves when the request's turn has come, or to why it will not. */
  #turn(ticket: Ticket<Held>): Promise<Reason | undefined> {
    const { data } = ticket;
    const { response } = data.arrival;
    return new Promise((resolve) => {
      const settle = (reason: Reason | undefined): void => {
        data.begin = undefined;
        timer.cancel();
        response.off('close', gone);
        resolve(reason);
      };
      const giveUp = (reason: Reason): void => {
        begin(data.flow.level.set.withdraw(ticket, this.#clock.now()));
        settle(reason);
      };
      const gone = (): void => giveUp('cancelled');
      const timer = this.#clock.after(longestWait, () => giveUp('time-out'));
      data.begin = () => settle(undefined);
      response.on('close', gone);
      if (response.destroyed) gone();
    });
  }

  async #refuse({ flow, arrival }: Held, reason: Reason): Promise<void> {
    flow.account.reject(reason);
    await answerTooMany(arrival);
  }

  /** From the first request that waits until nobody wants more than is its own, seats are lent once in a period. */
  #watchDemand(): void {
    if (this.#lending || this.#signal.aborted) return;
    this.levels.beginPeriod();
    const again = (): void => {
      this.#lending = this.#clock.after(lendingPeriod, () => {
        if (this.levels.lend()) again();
        else this.#lending = undefined;
      });
    };
    again();
  }
}

/** Their turn has come. */
function begin(tickets: readonly Ticket<Held>[]): void {
  for (const { data } of tickets) data.begin?.();
}
