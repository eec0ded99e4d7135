import { equal, goQuote } from '@keelson/machinery';
import type { FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import { autoUpdate } from '../../kinds/flowcontrol/standard.ts';

export type Standard = FlowSchema | PriorityLevelConfiguration;

/** What is to be done about one object. */
export type Step<O extends Standard> =
  | { readonly type: 'create'; readonly object: O }
  /** To be made of what is there. */
  | { readonly type: 'update'; readonly name: string; readonly annotation: string; readonly spec: O['spec'] }
  | { readonly type: 'delete'; readonly name: string };

/**
 * Brings the standard objects to what this server has, as upstream: mandatory ones always, suggested ones unless annotated otherwise
 * (without an annotation: unless somebody has changed them), and takes away those annotated as the server's that it does not know.
 */
export function planStandard<O extends Standard>(
  present: ReadonlyMap<string, O>,
  mandatory: readonly O[],
  suggested: readonly O[],
): Step<O>[] {
  const steps = [
    ...mandatory.map((wanted) => mandatoryStep(present.get(nameOf(wanted)), wanted)),
    ...suggested.map((wanted) => suggestedStep(present.get(nameOf(wanted)), wanted)),
  ].filter((step) => step !== undefined);
  const known = new Set([...mandatory, ...suggested].map(nameOf));
  const foreign = [...present.values()].filter((object) => annotationOf(object) === 'true' && !known.has(nameOf(object)));
  return [...steps, ...foreign.map((object): Step<O> => ({ type: 'delete', name: nameOf(object) }))];
}

function mandatoryStep<O extends Standard>(present: O | undefined, wanted: O): Step<O> | undefined {
  if (!present) return { type: 'create', object: wanted };
  const spec = { ...wanted.spec, ...keptOf(present.spec, wanted.spec) } as O['spec'];
  return stepTo(present, 'true', spec);
}

/** What the exempt level lends is the administrator's choice. */
function keptOf(present: Standard['spec'], wanted: Standard['spec']): { exempt?: unknown } {
  return wanted && 'exempt' in wanted && present && 'exempt' in present && present.exempt ? { exempt: present.exempt } : {};
}

function suggestedStep<O extends Standard>(present: O | undefined, wanted: O): Step<O> | undefined {
  if (!present) return { type: 'create', object: wanted };
  const said = annotationOf(present);
  const untouched = (present.metadata.generation ?? 1) === 1;
  const annotation = said === 'true' || said === 'false' ? said : String(untouched);
  return stepTo(present, annotation, annotation === 'true' ? wanted.spec : present.spec);
}

function stepTo<O extends Standard>(present: O, annotation: string, spec: O['spec']): Step<O> | undefined {
  if (annotationOf(present) === annotation && equal(present.spec, spec)) return undefined;
  return { type: 'update', name: nameOf(present), annotation, spec };
}

function annotationOf({ metadata }: Standard): string | undefined {
  return metadata.annotations?.[autoUpdate];
}

function nameOf({ metadata }: Standard): string {
  return metadata.name ?? '';
}

/** A condition but for its time. */
export interface Told {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Whether a FlowSchema's level is there, as its status is to say it; undefined when it says so already. */
export function danglingOf({ spec, status }: FlowSchema, levels: { has(name: string): boolean }): Told | undefined {
  const level = spec?.priorityLevelConfiguration.name ?? '';
  const found = levels.has(level);
  const what = `This FlowSchema references the PriorityLevelConfiguration object named ${goQuote(level)}`;
  const wanted = found
    ? { type: 'Dangling', status: 'False', reason: 'Found', message: `${what} and it exists` }
    : { type: 'Dangling', status: 'True', reason: 'NotFound', message: `${what} but there is no such object` };
  const present = status?.conditions?.find(({ type }) => type === 'Dangling');
  const { lastTransitionTime: _, ...said } = present ?? {};
  return equal(said, wanted) ? undefined : wanted;
}
