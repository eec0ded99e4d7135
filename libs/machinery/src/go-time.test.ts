import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalMicroTime, canonicalTime } from './go-time.ts';

test('times are kept in UTC, to the second or the microsecond', () => {
  for (const [text, kept] of [
    ['2020-01-02T03:04:05Z', '2020-01-02T03:04:05Z'],
    ['2020-01-01T00:00:00.999999999+02:00', '2019-12-31T22:00:00Z'],
    ['2020-02-28T23:30:00,5-00:45', '2020-02-29T00:15:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ] as const)
    assert.equal(canonicalTime(text), kept);
  assert.equal(canonicalMicroTime('2020-01-02T03:04:05.000006+01:00'), '2020-01-02T02:04:05.000006Z');
});

test('what is no time is told as Go tells it', () => {
  const layout = '"2006-01-02T15:04:05Z07:00"';
  for (const [text, fault] of [
    ['noon', `parsing time "noon" as ${layout}: cannot parse "noon" as "2006"`],
    ['', `parsing time "" as ${layout}: cannot parse "" as "2006"`],
    ['2020-1-2', `parsing time "2020-1-2" as ${layout}: cannot parse "1-2" as "01"`],
    ['2020-01-02 03:04:05Z', `parsing time "2020-01-02 03:04:05Z" as ${layout}: cannot parse " 03:04:05Z" as "T"`],
    ['2020-01-02T03:04:05', `parsing time "2020-01-02T03:04:05" as ${layout}: cannot parse "" as "Z07:00"`],
    ['2020-13-01T00:00:00Z', 'parsing time "2020-13-01T00:00:00Z": month out of range'],
    ['2021-02-29T00:00:00Z', 'parsing time "2021-02-29T00:00:00Z": day out of range'],
    ['2020-01-01T24:00:00Z', 'parsing time "2020-01-01T24:00:00Z": hour out of range'],
    ['2020-01-01T00:00:00Zé', 'parsing time "2020-01-01T00:00:00Z\\xc3\\xa9": extra text: "\\xc3\\xa9"'],
  ] as const)
    assert.throws(() => canonicalTime(text), { message: fault });
  assert.throws(() => canonicalMicroTime('2020-01-01T00:00:00Z'), {
    message: 'parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  });
});
