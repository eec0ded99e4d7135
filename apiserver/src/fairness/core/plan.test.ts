import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import { autoUpdate, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from '../../kinds/flowcontrol/standard.ts';
import { danglingOf, planStandard } from './plan.ts';

type Level = PriorityLevelConfiguration;

const plan = (objects: readonly Level[]) =>
  planStandard(new Map(objects.map((object): [string, Level] => [object.metadata.name ?? '', object])), mandatoryLevels, suggestedLevels);
const all = [...mandatoryLevels, ...suggestedLevels];
const but = (name: string, change: (level: Level) => Level | undefined): Level[] =>
  all.flatMap((level) => (level.metadata.name === name ? (change(level) ?? []) : level));

const noted = (level: Level, annotation: string | undefined, more: Partial<Level> & { generation?: number } = {}): Level => {
  const { generation, ...rest } = more;
  const annotations = annotation === undefined ? {} : { [autoUpdate]: annotation };
  return { ...level, ...rest, metadata: { name: level.metadata.name, annotations, generation } };
};
const other: Level['spec'] = { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } };

test('what is missing is made, what is right stays', () => {
  assert.deepEqual(plan(all), []);
  assert.deepEqual(new Set(plan([]).map(({ type }) => type)), new Set(['create']));
  assert.equal(plan([]).length, 8);
  const schemas = planStandard(new Map<string, FlowSchema>(), mandatorySchemas, suggestedSchemas);
  assert.equal(schemas.length, 11);
});

test('suggested levels are kept unless annotated otherwise', () => {
  const { spec } = suggestedLevels.find(({ metadata }) => metadata.name === 'system') ?? {};
  const update = { type: 'update', name: 'system' };
  assert.deepEqual(plan(but('system', (level) => noted(level, 'true', { spec: other }))), [{ ...update, annotation: 'true', spec }]);
  assert.deepEqual(plan(but('system', (level) => noted(level, 'false', { spec: other }))), []);
  const changed = but('system', (level) => noted(level, undefined, { spec: other, generation: 2 }));
  assert.deepEqual(plan(changed), [{ ...update, annotation: 'false', spec: other }]);
  const untouched = but('system', (level) => noted(level, undefined, { spec: other, generation: 1 }));
  assert.deepEqual(plan(untouched), [{ ...update, annotation: 'true', spec }]);
});

test('mandatory levels are kept whatever they are annotated', () => {
  const { spec } = mandatoryLevels[1] ?? {};
  const changed = but('catch-all', (level) => noted(level, 'false', { spec: other }));
  assert.deepEqual(plan(changed), [{ type: 'update', name: 'catch-all', annotation: 'true', spec }]);
  const generous: Level['spec'] = { type: 'Exempt', exempt: { nominalConcurrencyShares: 10, lendablePercent: 50 } };
  assert.deepEqual(plan(but('exempt', (level) => noted(level, 'true', { spec: generous }))), [], 'what it lends may be chosen');
});

test("what is annotated as the server's own and is not goes", () => {
  const foreign = (name: string, annotation: string | undefined) => noted({ metadata: { name }, spec: other }, annotation);
  assert.deepEqual(plan([...all, foreign('old', 'true'), foreign('mine', undefined), foreign('his', 'false')]), [
    { type: 'delete', name: 'old' },
  ]);
});

test('a schema whose level is missing is dangling', () => {
  const schema: FlowSchema = { metadata: { name: 'a' }, spec: { priorityLevelConfiguration: { name: 'x' } } };
  const found = danglingOf(schema, new Set(['x']));
  assert.deepEqual([found?.status, found?.reason], ['False', 'Found']);
  assert.equal(found?.message, 'This FlowSchema references the PriorityLevelConfiguration object named "x" and it exists');
  const missing = danglingOf(schema, new Set());
  assert.deepEqual([missing?.status, missing?.reason], ['True', 'NotFound']);
  assert.equal(missing?.message, 'This FlowSchema references the PriorityLevelConfiguration object named "x" but there is no such object');
  const told = { ...schema, status: { conditions: [{ ...found, lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
  assert.equal(danglingOf(told, new Set(['x'])), undefined);
});
