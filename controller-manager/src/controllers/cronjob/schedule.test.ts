import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { parseSchedule, zonedTime } from './schedule.ts';

/** The next times after one, as ISO text without what is zero anyway. */
function times(text: string, after: string, count: number, zone = 'UTC'): string[] {
  const schedule = parseSchedule(text, zone);
  const found: string[] = [];
  for (
    let at = Date.parse(after), next = schedule.next(at);
    found.length < count && next !== undefined;
    at = next, next = schedule.next(at)
  )
    found.push(new Date(next).toISOString().replace(':00.000Z', ''));
  return found;
}

test('fields, names, steps and descriptors', () => {
  const from = '2026-01-01T00:00:00Z';
  assert.deepEqual(times('*/20 * * * *', from, 3), ['2026-01-01T00:20', '2026-01-01T00:40', '2026-01-01T01:00']);
  assert.deepEqual(times('50/5 3 * * ?', from, 3), ['2026-01-01T03:50', '2026-01-01T03:55', '2026-01-02T03:50']);
  assert.deepEqual(times('0 0 * feb MON-tue', from, 2), ['2026-02-02T00:00', '2026-02-03T00:00']);
  assert.deepEqual(times('0 0 13 * 5', from, 3), ['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00'], 'either day will do');
  assert.deepEqual(times('0 0 */1 * 5', from, 1), ['2026-01-02T00:00'], 'unless one is every day');
  assert.deepEqual(times('0 0 29 2 *', from, 1), ['2028-02-29T00:00']);
  assert.deepEqual(times('0 0 31 2 *', from, 1), []);
  assert.deepEqual(times('@hourly', from, 1), ['2026-01-01T01:00']);
  assert.deepEqual(times('@weekly', from, 1), ['2026-01-04T00:00']);
  assert.deepEqual(times('@every 1h30m', from, 2), ['2026-01-01T01:30', '2026-01-01T03:00']);
  assert.deepEqual(times('* * * * *', '2026-01-01T00:00:59.900Z', 1), ['2026-01-01T00:01']);
});

test('the clock of a zone, when it is changed too', () => {
  assert.deepEqual(times('0 8 * * *', '2026-07-01T00:00:00Z', 1, 'Europe/Zurich'), ['2026-07-01T06:00']);
  assert.deepEqual(times('CRON_TZ=Asia/Tokyo 0 8 * * *', '2026-07-01T00:00:00Z', 1), ['2026-07-01T23:00']);
  const newYork = 'America/New_York';
  assert.deepEqual(times('30 2 * * *', '2026-03-07T12:00:00Z', 1, newYork), ['2026-03-09T06:30'], 'there is no 02:30 on the 8th');
  assert.deepEqual(
    times('30 1 * * *', '2026-11-01T00:00:00Z', 2, newYork),
    ['2026-11-01T05:30', '2026-11-01T06:30'],
    'and two 01:30 on the 1st',
  );
  assert.deepEqual(times('@daily', '2026-11-01T00:00:00Z', 1, newYork), ['2026-11-01T04:00']);
});

test('times as annotations have them', () => {
  const summer = Date.UTC(2026, 6, 1, 6);
  assert.equal(zonedTime(summer), '2026-07-01T06:00:00Z');
  assert.equal(zonedTime(summer, 'Europe/Zurich'), '2026-07-01T08:00:00+02:00');
  assert.equal(zonedTime(summer, 'America/St_Johns'), '2026-07-01T03:30:00-02:30');
  assert.equal(zonedTime(Date.UTC(2026, 0, 1), 'Europe/London'), '2026-01-01T00:00:00Z');
});

test('what is no schedule', () => {
  for (const text of ['', '* * *', '61 * * * *', '@often', '@every soon', '* * * * * *'])
    assert.throws(() => parseSchedule(text, 'UTC'), text);
  assert.throws(() => parseSchedule('* * * * *', 'Mars/Olympus'));
});

test('the next time is the first minute by the wall clock that all fields agree to', () => {
  const numbers = (random: ReturnType<typeof seededRandom>, low: number, high: number): number[] => [
    ...new Set(Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => low + Math.floor(random.next() * (high - low + 1)))),
  ];
  for (let seed = 1; seed <= 24; seed++) {
    const random = seededRandom(seed);
    const [minutes, hours] = [numbers(random, 0, 59), numbers(random, 0, 23)];
    const zone = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'][seed % 4] ?? 'UTC';
    const text = `${minutes} ${hours} * * *`;
    // A day around which clocks are changed.
    const from = Date.UTC(2026, [2, 9, 3, 10][seed % 4] ?? 0, [7, 24, 4, 1][seed % 4], Math.floor(random.next() * 24), seed);
    let expected = (Math.floor(from / 60_000) + 1) * 60_000;
    const agrees = (at: number): boolean => {
      const clock = zonedTime(at, zone);
      return hours.includes(Number(clock.slice(11, 13))) && minutes.includes(Number(clock.slice(14, 16)));
    };
    while (!agrees(expected)) expected += 60_000;
    assert.equal(parseSchedule(text, zone).next(from), expected, `seed ${seed}: ${text} ${zone} after ${new Date(from).toISOString()}`);
  }
});
