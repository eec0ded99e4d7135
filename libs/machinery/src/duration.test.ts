import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageText, formatGoDuration, humanDuration, parseGoDuration } from './duration.ts';
import { parseTime } from './time.ts';

const [second, minute, hour, day, year] = [1_000, 60_000, 3_600_000, 86_400_000, 365 * 86_400_000];

test('ages as kubectl shows them', () => {
  const table: [ms: number, text: string][] = [
    [-2 * second, '<invalid>'],
    [-second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [5 * minute + 30 * second, '5m30s'],
    [10 * minute + 30 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [7 * hour + 59 * minute, '7h59m'],
    [8 * hour + minute, '8h'],
    [47 * hour, '47h'],
    [2 * day + 3 * hour, '2d3h'],
    [8 * day + 3 * hour, '8d'],
    [729 * day, '729d'],
    [3 * year + 12 * day, '3y12d'],
    [2 * year, '2y'],
    [9 * year + day, '9y'],
  ];
  for (const [ms, text] of table) assert.equal(humanDuration(ms), text);
  assert.equal(ageText('2024-01-01T00:00:00Z', Date.parse('2024-01-01T00:01:00Z')), '60s');
  assert.equal(ageText(null, 0), '<unknown>');
});

test('Go durations', () => {
  const table: [text: string, ms: number, printed: string][] = [
    ['0', 0, '0s'],
    ['1h2m3s', 3_723_000, '1h2m3s'],
    ['90m', 90 * minute, '1h30m0s'],
    ['1.5s', 1_500, '1.5s'],
    ['.5s', 500, '500ms'],
    ['-10ms', -10, '-10ms'],
    ['100us', 0.1, '100µs'],
    ['5ns', 0.000005, '5ns'],
    ['1m30s', 90 * second, '1m30s'],
  ];
  for (const [text, ms, printed] of table) {
    assert.equal(parseGoDuration(text), ms, text);
    assert.equal(formatGoDuration(ms), printed);
  }
  assert.throws(() => parseGoDuration('1d'), { message: 'time: unknown unit "d" in duration "1d"' });
  assert.throws(() => parseGoDuration('1µ"'), { message: 'time: unknown unit "\\xc2\\xb5\\"" in duration "1\\xc2\\xb5\\""' });
  assert.throws(() => parseGoDuration('9223372036854775809'), { message: 'time: invalid duration "9223372036854775809"' });
  assert.throws(() => parseGoDuration('5'), { message: 'time: missing unit in duration "5"' });
  for (const text of ['s', '.s', '1h..2m', '1h1..', `${'1'.repeat(50)}h`])
    assert.throws(() => parseGoDuration(text), /^Error: time: /, text);
  assert.throws(() => parseGoDuration(''), { message: 'time: invalid duration ""' });
});

test('RFC 3339 times', () => {
  assert.equal(parseTime('1970-01-01T00:00:01Z'), 1_000);
  assert.equal(parseTime('1970-01-01T01:00:00.250+01:00'), 250);
  assert.equal(parseTime('1970-01-01T00:00:00.123456Z'), 123);
  for (const text of ['', '1970-01-01', '1970-02-30T00:00:00Z', '1970-01-01T25:00:00Z', null, undefined])
    assert.equal(parseTime(text), undefined);
});
