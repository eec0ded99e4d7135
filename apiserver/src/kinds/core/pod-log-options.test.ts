import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '@keelson/machinery';
import { kubeletLogQuery } from './pod-log-options.ts';

const asked = (query: string): string => kubeletLogQuery(new URLSearchParams(query), 'p').toString();

test('what a kubelet is asked about a log', () => {
  const cases: Record<string, string> = {
    '': '',
    // As Python's clients write booleans.
    'follow=True&previous=False&timestamps=1&container=c&pretty=true': 'follow=true&timestamps=true',
    'tailLines=0&limitBytes=1&sinceSeconds=5': 'tailLines=0&limitBytes=1&sinceSeconds=5',
    'sinceTime=2026-01-01T00:00:00Z&stream=Stderr': 'sinceTime=2026-01-01T00%3A00%3A00Z&stream=Stderr',
  };
  for (const [query, expected] of Object.entries(cases)) assert.equal(asked(query), expected, query);
});

test('options of a log that make no sense are refused', () => {
  const cases: Record<string, [code: number, message: string]> = {
    'tailLines=-1': [422, 'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0'],
    'limitBytes=0': [422, 'PodLogOptions "p" is invalid: limitBytes: Invalid value: 0: must be greater than 0'],
    'sinceSeconds=0': [422, 'PodLogOptions "p" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'],
    'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z': [
      422,
      'PodLogOptions "p" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    'tailLines=x': [400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    'sinceTime=x': [400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
  };
  for (const [query, [code, message]] of Object.entries(cases))
    assert.throws(
      () => asked(query),
      (error) => error instanceof StatusError && error.status.code === code && error.message === message,
      query,
    );
});
