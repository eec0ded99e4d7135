import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type Random, seededRandom } from '@keelson/base';
import { hashOf } from './hand.ts';
import { QueueSet, type Ticket } from './queue-set.ts';

const seed = Number(process.env.SEED ?? process.hrtime()[1]);
const queuing = { queues: 128, handSize: 6, queueLengthLimit: 50 };
const draw = (random: Random, below: number): number => Math.floor(random.next() * below);

test('without queues, what finds no seat is refused', () => {
  const set = new QueueSet<string>(undefined, 2);
  const a = set.offer('a', 1, 0, 0) as Ticket<string>;
  assert.equal(a.state, 'executing');
  set.offer('b', 1, 0, 0);
  assert.equal(set.offer('c', 1, 0, 0), 'concurrency-limit');
  assert.deepEqual(set.finish(a, 5), []);
  assert.deepEqual(set.finish(a, 5), [], 'it ends once');
  assert.equal((set.offer('d', 1, 0, 5) as Ticket<string>).state, 'executing');
  assert.equal(set.seats, 2);
});

test('a level without seats lets nothing through, and one without limit everything', () => {
  assert.equal(new QueueSet<string>(undefined, 0).offer('a', 1, 0, 0), 'concurrency-limit');
  const jail = new QueueSet<string>(queuing, 0);
  const held = jail.offer('a', 1, 0, 0) as Ticket<string>;
  assert.equal(held.state, 'waiting');
  assert.deepEqual(jail.configure(queuing, 1, 9), [held]);
  const free = new QueueSet<string>(undefined, Number.POSITIVE_INFINITY);
  for (let i = 0; i < 1000; i++) assert.equal((free.offer('a', 1, i, 0) as Ticket<string>).state, 'executing');
});

test('a queue has an end, and who waits may go', () => {
  const set = new QueueSet<number>({ queues: 1, handSize: 1, queueLengthLimit: 2 }, 1);
  const [first, second, third] = [1, 2, 3].map((n) => set.offer(n, 1, 0, 0) as Ticket<number>);
  assert.equal(set.offer(4, 1, 0, 0), 'queue-full');
  assert.deepEqual([first?.state, second?.state, third?.state], ['executing', 'waiting', 'waiting']);
  set.withdraw(second as Ticket<number>, 1);
  assert.equal(set.waiting, 1);
  assert.deepEqual(set.finish(first as Ticket<number>, 2), [third]);
  assert.deepEqual(set.withdraw(third as Ticket<number>, 3), [], 'it executes already');
});

test('a wide request is waited for, and has a narrow level to itself', () => {
  const set = new QueueSet<string>(queuing, 4);
  const start = (name: string, seats: number, flow: string): Ticket<string> => set.offer(name, seats, hashOf(flow), 0) as Ticket<string>;
  const a = start('a', 3, 'ann');
  const wide = start('wide', 4, 'bob');
  const late = start('late', 1, 'ann');
  assert.deepEqual([wide.state, late.state], ['waiting', 'waiting'], 'a seat is free, but not for who comes after the wide one');
  assert.deepEqual(set.finish(a, 1), [wide]);
  assert.deepEqual(set.finish(wide, 2), [late]);
  const wider = start('wider', 9, 'bob');
  assert.equal(wider.state, 'waiting');
  assert.deepEqual(set.finish(late, 3), [wider]);
  const blocked = start('blocked', 9, 'bob');
  const behind = start('behind', 1, 'cas');
  set.finish(wider, 4);
  assert.equal(blocked.state, 'executing');
  assert.deepEqual(set.finish(blocked, 5), [behind]);
});

test('who withdraws makes room for who waited behind it', () => {
  const set = new QueueSet<string>({ queues: 1, handSize: 1, queueLengthLimit: 9 }, 4);
  set.offer('a', 3, 0, 0);
  const wide = set.offer('wide', 4, 0, 0) as Ticket<string>;
  const narrow = set.offer('narrow', 1, 0, 0) as Ticket<string>;
  assert.deepEqual(set.withdraw(wide, 1), [narrow]);
});

test('whatever happens: seats are kept, nobody is lost, queues are in order', (t) => {
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  for (let run = 0; run < 30; run++) disorder(random);
});

/** A few thousand random steps on one set, looked at after each. */
function disorder(random: Random): void {
  const shape = { queues: 1 + draw(random, 20), handSize: 1, queueLengthLimit: 1 + draw(random, 10) };
  let limit = 1 + draw(random, 8);
  const set = new QueueSet<number>({ ...shape, handSize: 1 + draw(random, shape.queues) }, limit);
  const living = new Set<Ticket<number>>();
  const startedIn = new Map<number, number>();
  const begun = (tickets: readonly Ticket<number>[]): void => {
    for (const { data, queue, state } of tickets) {
      assert.equal(state, 'executing');
      assert.ok(data > (startedIn.get(queue?.index ?? -1) ?? -1), 'first come, first served');
      startedIn.set(queue?.index ?? -1, data);
    }
  };
  for (let now = 0; now < 1_000; now++) {
    const some = [...living][draw(random, living.size)];
    const step = draw(random, 10);
    if (step < 5) {
      const ticket = set.offer(now, 1 + draw(random, 4), draw(random, 10), now);
      if (typeof ticket !== 'string') living.add(ticket);
      if (typeof ticket !== 'string' && ticket.state === 'executing') begun([ticket]);
    } else if (step === 5 && draw(random, 10) === 0) {
      limit = 1 + draw(random, 8);
      begun(set.configure(shape, limit, now));
    } else if (some?.state === 'executing') begun(set.finish(some, now));
    else if (some && step === 9) begun(set.withdraw(some, now));
    if (some?.state === 'done') living.delete(some);
    check(set, living);
  }
  while (living.size > 0) {
    const [next] = [...living].filter(({ state }) => state === 'executing');
    assert.ok(next, 'while there are requests, one executes');
    begun(set.finish(next, 5_000));
    living.delete(next);
  }
  assert.equal(set.waiting + set.seats + set.executing.size, 0);
}

function check(set: QueueSet<number>, living: ReadonlySet<Ticket<number>>): void {
  const count = (wanted: string): Ticket<number>[] => [...living].filter(({ state }) => state === wanted);
  const seats = (tickets: readonly Ticket<number>[]): number => tickets.reduce((sum, ticket) => sum + ticket.seats, 0);
  assert.equal(set.waiting, count('waiting').length);
  assert.equal(set.executing.size, count('executing').length);
  assert.equal(set.seats, seats(count('executing')));
  if (set.waiting > 0) assert.ok(set.executing.size > 0, 'nobody waits for an empty level');
  for (const { waiting, executing, seats: own, index } of set.queues) {
    const inside = [...living].filter(({ queue }) => queue?.index === index);
    assert.equal(waiting.size + executing, inside.length);
    assert.equal(own, seats(inside));
  }
}

interface Ending {
  readonly id: number;
  readonly at: number;
  readonly ticket: Ticket<string>;
}

test('flows that always want more get the same time, whatever the width and length of their requests', (t) => {
  t.diagnostic(`SEED=${seed}`);
  for (let run = 0; run < 10; run++) {
    const shares = [...contest(seededRandom(seed + run)).values()];
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    assert.ok(most < least * 1.05, `seat-milliseconds: ${shares.map(Math.round).join(', ')} (SEED=${seed}, run ${run})`);
  }
});

/** Four users that keep 40 requests under way each, of their own width and length; answers the seat-milliseconds each was given. */
function contest(random: Random): Map<string, number> {
  // So many that no two share one: who shares a queue gets less.
  const set = new QueueSet<string>({ ...queuing, queues: 10_000 }, 20);
  const users = [
    { name: 'short', seats: 1, length: 10 },
    { name: 'long', seats: 1, length: 200 },
    { name: 'wide', seats: 5, length: 30 },
    { name: 'usual', seats: 2, length: 50 },
  ];
  const used = new Map<string, number>();
  const endings = new Heap<Ending>(
    ({ id }) => String(id),
    (a, b) => a.at < b.at,
  );
  let [now, id] = [0, 0];
  const begin = (ticket: Ticket<string>): void => {
    const { length = 0 } = users.find(({ name }) => name === ticket.data) ?? {};
    endings.set({ id: id++, at: now + length * (0.5 + random.next()), ticket });
  };
  const ask = (name: string): void => {
    const { seats = 1 } = users.find((user) => user.name === name) ?? {};
    const ticket = set.offer(name, seats, hashOf(name), now);
    if (typeof ticket !== 'string' && ticket.state === 'executing') begin(ticket);
  };
  for (let i = 0; i < 40; i++) for (const { name } of users) ask(name);
  while (now < 60_000) {
    const { at, ticket } = endings.pop() as Ending;
    now = at;
    used.set(ticket.data, (used.get(ticket.data) ?? 0) + ticket.seats * (now - ticket.started));
    for (const next of set.finish(ticket, now)) begin(next);
    ask(ticket.data);
  }
  return used;
}
