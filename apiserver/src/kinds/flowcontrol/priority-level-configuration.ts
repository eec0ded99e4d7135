import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, path } from '@keelson/machinery';
import {
  type LimitedPriorityLevelConfiguration,
  type LimitResponse,
  PriorityLevelConfiguration,
  type QueuingConfiguration,
} from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { nonNegative, oneOf } from '../field-checks.ts';
import type { Column, KindDefinition } from '../types.ts';
import { fixedErrors, typedConditionErrors } from './flow-schema-validation.ts';
import { mandatoryLevels } from './standard.ts';

const at = path('spec');
const mostQueues = 10_000_000;
/** Bits of a hash that shuffle sharding may use. */
const entropyBits = 60;

const queuingColumn = (name: string, member: keyof QueuingConfiguration): Column<PriorityLevelConfiguration> => ({
  name,
  type: 'string',
  cell: ({ spec }) => spec?.limited?.limitResponse?.queuing?.[member] ?? '<none>',
});

export const priorityLevelConfigurationKind: KindDefinition<PriorityLevelConfiguration> = {
  kind: PriorityLevelConfiguration,
  defaults({ spec }) {
    if (spec?.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    if (!spec?.limited) return;
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const queuing = spec.limited.limitResponse?.queuing;
    if (!queuing) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  prepareCreate(level) {
    level.status = {};
  },
  validate: levelErrors,
  status: { leaves: 'metadata', validateUpdate: typedConditionErrors },
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', cell: ({ spec }) => spec?.type ?? '' },
    { name: 'NominalConcurrencyShares', type: 'string', cell: ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>' },
    queuingColumn('Queues', 'queues'),
    queuingColumn('HandSize', 'handSize'),
    queuingColumn('QueueLengthLimit', 'queueLengthLimit'),
    ageColumn,
  ],
};

function levelErrors({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type = '', exempt, limited } = spec ?? {};
  const errors = mandatoryErrors(metadata.name, spec);
  if ((metadata.name === 'exempt') !== (type === 'Exempt'))
    errors.push(fieldInvalid(at.child('type'), type, "type must be 'Exempt' if and only if name is 'exempt'"));
  errors.push(...oneOf(type, ['Exempt', 'Limited'], at.child('type')));
  if (type === 'Exempt' && limited) errors.push(fieldForbidden(at.child('limited'), 'must be nil if the type is not Limited'));
  if (type === 'Exempt' && exempt)
    errors.push(...nonNegative(exempt, at.child('exempt'), 'nominalConcurrencyShares'), ...percentErrors(exempt, at.child('exempt')));
  if (type === 'Limited' && exempt) errors.push(fieldForbidden(at.child('exempt'), 'must be nil if the type is Limited'));
  if (type === 'Limited' && !limited) errors.push(fieldRequired(at.child('limited'), 'must not be empty when type is Limited'));
  if (type === 'Limited' && limited) errors.push(...limitedErrors(limited, at.child('limited')));
  return errors;
}

/** Only what the exempt level lends may be chosen. */
function mandatoryErrors(name: string | undefined, spec: PriorityLevelConfiguration['spec']): FieldError[] {
  if (name !== 'exempt' || !spec) return fixedErrors(name, spec, mandatoryLevels);
  const { exempt: _, ...rest } = spec;
  const fixed = [{ metadata: { name }, spec: { type: 'Exempt' } }];
  return fixedErrors(name, rest, fixed, " except the 'spec.exempt' field");
}

function limitedErrors(limited: LimitedPriorityLevelConfiguration, where: FieldPath): FieldError[] {
  const { nominalConcurrencyShares: shares = 0, borrowingLimitPercent: borrowed, limitResponse } = limited;
  const errors: FieldError[] = [];
  if (shares < 0) errors.push(fieldInvalid(where.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer'));
  errors.push(...limitResponseErrors(limitResponse, where.child('limitResponse')), ...percentErrors(limited, where));
  if (borrowed !== undefined && borrowed < 0)
    errors.push(fieldInvalid(where.child('borrowingLimitPercent'), borrowed, 'if specified, must be a non-negative integer'));
  return errors;
}

function percentErrors({ lendablePercent }: { readonly lendablePercent?: number | undefined }, where: FieldPath): FieldError[] {
  if (lendablePercent === undefined || (lendablePercent >= 0 && lendablePercent <= 100)) return [];
  return [fieldInvalid(where.child('lendablePercent'), lendablePercent, 'must be between 0 and 100, inclusive')];
}

function limitResponseErrors(response: LimitResponse | undefined, where: FieldPath): FieldError[] {
  const { type = '', queuing } = response ?? {};
  const place = where.child('queuing');
  if (type === 'Reject') return queuing ? [fieldForbidden(place, 'must be nil if limited.limitResponse.type is not Limited')] : [];
  if (type !== 'Queue') return oneOf(type, ['Queue', 'Reject'], where.child('type'));
  if (!queuing) return [fieldRequired(place, 'must not be empty if limited.limitResponse.type is Limited')];
  return queuingErrors(queuing, place);
}

function queuingErrors({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0) errors.push(fieldInvalid(where.child('queueLengthLimit'), queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(fieldInvalid(where.child('queues'), queues, 'must be positive'));
  else if (queues > mostQueues) errors.push(fieldInvalid(where.child('queues'), queues, `must not be greater than ${mostQueues}`));
  if (handSize <= 0) errors.push(fieldInvalid(where.child('handSize'), handSize, 'must be positive'));
  else if (handSize > queues) errors.push(fieldInvalid(where.child('handSize'), handSize, `should not be greater than queues (${queues})`));
  else if (entropyOf(queues, handSize) > entropyBits) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${entropyBits}`;
    errors.push(fieldInvalid(where.child('handSize'), handSize, detail));
  }
  return errors;
}

/** Bits of chance in a hand dealt from a deck, rounded up. */
function entropyOf(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}
