import { FlowSchema } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { flowSchemaErrors, typedConditionErrors } from './flow-schema-validation.ts';

export const flowSchemaKind: KindDefinition<FlowSchema> = {
  kind: FlowSchema,
  defaults({ spec }) {
    if (spec) spec.matchingPrecedence ||= 1000;
  },
  prepareCreate(schema) {
    schema.status = {};
  },
  validate: flowSchemaErrors,
  status: { leaves: 'metadata', validateUpdate: typedConditionErrors },
  columns: [
    nameColumn,
    { name: 'PriorityLevel', type: 'string', cell: ({ spec }) => spec?.priorityLevelConfiguration.name ?? '' },
    { name: 'MatchingPrecedence', type: 'string', cell: ({ spec }) => spec?.matchingPrecedence ?? 0 },
    { name: 'DistinguisherMethod', type: 'string', cell: ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>' },
    ageColumn,
    { name: 'MissingPL', type: 'string', cell: ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?' },
  ],
};
