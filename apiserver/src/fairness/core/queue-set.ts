import { Heap } from '@keelson/base';
import { deal } from './hand.ts';

/** Queues of one priority level, as PriorityLevelConfiguration has them. */
export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  /** Requests, in one queue. */
  readonly queueLengthLimit: number;
}

/** Why a request is not even let wait: upstream's words for metrics. */
export type Refusal = 'queue-full' | 'concurrency-limit';

/** One request in a priority level. Times are milliseconds. */
export interface Ticket<T> {
  readonly data: T;
  readonly seats: number;
  readonly arrived: number;
  /** Absent in a level without queues. */
  readonly queue: Queue<T> | undefined;
  state: 'waiting' | 'executing' | 'done';
  started: number;
}

export interface Queue<T> {
  readonly index: number;
  /** In order of arrival. */
  readonly waiting: Set<Ticket<T>>;
  executing: number;
  /** Of those that execute and those that wait. */
  seats: number;
  /** The virtual time at which its next request is due. */
  due: number;
  /** Who was put back first comes first where both are due. */
  turn: number;
}

/** Milliseconds a request is taken to last until it has. */
export const guessed = 3;
/** Queues remembered while nothing is in them. */
const remembered = 1024;
const none: readonly never[] = [];

/**
 * Seats of one priority level, and the queues before them: start-time fair queuing. A queue pays virtual time for what its requests use
 * (seats × duration: a guess when one starts, put right when it ends), and the one that has used least comes next. The level's virtual
 * time is that of the request started last, so who was away gets no more than who came just now. Knows no clock: whoever calls says
 * when it is. All decisions cost O(log queues), and O(hand) where nothing waits.
 */
export class QueueSet<T> {
  #queuing: Queuing | undefined;
  #limit: number;
  #virtual = 0;
  /** No queue's `due` lies beyond it. */
  #furthest = 0;
  #turns = 0;
  #waiting = 0;
  #waitingSeats = 0;
  #seats = 0;
  #highest = 0;
  readonly #queues = new Map<number, Queue<T>>();
  readonly #executing = new Set<Ticket<T>>();
  readonly #ready = new Heap<Queue<T>>(
    ({ index }) => String(index),
    (a, b) => (a.due === b.due ? a.turn < b.turn : a.due < b.due),
  );

  /** `limit`: seats, `Infinity` where there is no limit. Without `queuing`, what finds no seat is refused. */
  constructor(queuing: Queuing | undefined, limit: number) {
    this.#queuing = queuing;
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get executing(): ReadonlySet<Ticket<T>> {
    return this.#executing;
  }

  /** Seats taken. */
  get seats(): number {
    return this.#seats;
  }

  get queues(): Iterable<Readonly<Queue<T>>> {
    return this.#queues.values();
  }

  /** The most seats that were taken or waited for at once since this was last asked. */
  takeHighest(): number {
    const highest = this.#highest;
    this.#highest = this.#seats + this.#waitingSeats;
    return highest;
  }

  /** Takes in a request of the flow with this hash: it executes, waits, or is refused. */
  offer(data: T, seats: number, flow: number, now: number): Ticket<T> | Refusal {
    const free = this.#waiting === 0 && this.#fits(seats);
    const queue = this.#queuing && this.#choose(this.#queuing, flow);
    if (!free && (!queue || !this.#queuing)) return 'concurrency-limit';
    if (!free && queue && this.#queuing && queue.waiting.size >= this.#queuing.queueLengthLimit) return 'queue-full';
    const ticket: Ticket<T> = { data, seats, queue, arrived: now, state: 'waiting', started: 0 };
    this.#highest = Math.max(this.#highest, this.#seats + this.#waitingSeats + seats);
    if (queue) queue.seats += seats;
    if (free) {
      if (queue && queue.due < this.#virtual) queue.due = this.#virtual;
      this.#start(ticket, now);
    } else if (queue) {
      this.#enqueue(ticket, queue);
      this.#dispatch(now);
    }
    return ticket;
  }

  /** A request has ended. @returns those that start now in its place. */
  finish(ticket: Ticket<T>, now: number): readonly Ticket<T>[] {
    if (ticket.state !== 'executing') return none;
    ticket.state = 'done';
    this.#executing.delete(ticket);
    this.#seats -= ticket.seats;
    const { queue } = ticket;
    if (queue) {
      queue.executing--;
      queue.seats -= ticket.seats;
      this.#pay(queue, (Math.max(now - ticket.started, 1) - guessed) * ticket.seats);
      if (queue.waiting.size > 0) this.#ready.set(queue);
    }
    if (this.#waiting > 0) return this.#dispatch(now);
    if (this.#executing.size === 0) this.#rest();
    return none;
  }

  /** A request waits no longer. @returns those that start now because it stood in their way. */
  withdraw(ticket: Ticket<T>, now: number): readonly Ticket<T>[] {
    const { queue } = ticket;
    if (ticket.state !== 'waiting' || !queue) return none;
    queue.seats -= ticket.seats;
    this.#leave(ticket, queue);
    ticket.state = 'done';
    return this.#dispatch(now);
  }

  /** From now on other queues or seats. What waits keeps its place. @returns those that start now. */
  configure(queuing: Queuing | undefined, limit: number, now: number): readonly Ticket<T>[] {
    this.#queuing = queuing;
    this.#limit = limit;
    return this.#dispatch(now);
  }

  /** One that is wider than the whole level has it to itself. */
  #fits(seats: number): boolean {
    if (this.#limit <= 0) return false;
    return seats > this.#limit ? this.#executing.size === 0 : this.#seats + seats <= this.#limit;
  }

  /** The queue of the flow's hand that has least to do. */
  #choose({ queues, handSize }: Queuing, flow: number): Queue<T> {
    let best: Queue<T> | undefined;
    deal(flow, queues, handSize, (index) => {
      const queue = this.#queues.get(index) ?? this.#queueOf(index);
      if (!best || queue.seats < best.seats) best = queue;
      return best.seats === 0;
    });
    return best ?? this.#queues.get(0) ?? this.#queueOf(0);
  }

  #queueOf(index: number): Queue<T> {
    const queue: Queue<T> = { index, waiting: new Set(), executing: 0, seats: 0, due: this.#virtual, turn: 0 };
    this.#queues.set(index, queue);
    return queue;
  }

  #enqueue(ticket: Ticket<T>, queue: Queue<T>): void {
    queue.waiting.add(ticket);
    this.#waiting++;
    this.#waitingSeats += ticket.seats;
    if (queue.waiting.size > 1) return;
    if (queue.due < this.#virtual) queue.due = this.#virtual;
    queue.turn = ++this.#turns;
    this.#ready.set(queue);
  }

  #leave(ticket: Ticket<T>, queue: Queue<T>): void {
    queue.waiting.delete(ticket);
    this.#waiting--;
    this.#waitingSeats -= ticket.seats;
    if (queue.waiting.size === 0) this.#ready.delete(String(queue.index));
  }

  /** Starts what is next as long as it fits: who is next and wide is waited for, or it would never come to its seats. */
  #dispatch(now: number): readonly Ticket<T>[] {
    const started: Ticket<T>[] = [];
    for (let queue = this.#ready.peek(); queue; queue = this.#ready.peek()) {
      const [ticket] = queue.waiting as Set<Ticket<T>> & Iterable<Ticket<T>>;
      if (!ticket || !this.#fits(ticket.seats)) break;
      this.#leave(ticket, queue);
      this.#start(ticket, now);
      queue.turn = ++this.#turns;
      if (queue.waiting.size > 0) this.#ready.set(queue);
      started.push(ticket);
    }
    return started;
  }

  #start(ticket: Ticket<T>, now: number): void {
    const { queue, seats } = ticket;
    ticket.state = 'executing';
    ticket.started = now;
    this.#executing.add(ticket);
    this.#seats += seats;
    if (!queue) return;
    queue.executing++;
    this.#virtual = Math.max(this.#virtual, queue.due);
    this.#pay(queue, guessed * seats);
  }

  #pay(queue: Queue<T>, cost: number): void {
    queue.due += cost;
    if (queue.due > this.#furthest) this.#furthest = queue.due;
  }

  /** Nobody is here: what queues owe is forgotten, as nobody was kept waiting. */
  #rest(): void {
    this.#virtual = this.#furthest;
    if (this.#queues.size > remembered) this.#queues.clear();
  }
}
