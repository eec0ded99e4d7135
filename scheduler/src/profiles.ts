import { plugins as all } from './plugins/index.ts';
import type { Plugin } from './plugins/types.ts';

/** One way to schedule: pods ask for it by name. */
export interface Profile {
  readonly name: string;
  readonly plugins: readonly Plugin[];
  /** Pods that fit nowhere may have less important ones evicted. */
  readonly preempts: boolean;
}

export const defaultProfile: Profile = { name: 'default-scheduler', plugins: all, preempts: true };

interface Named {
  readonly name?: string;
  readonly weight?: number;
}

interface PluginSet {
  readonly enabled?: readonly Named[] | null;
  readonly disabled?: readonly Named[] | null;
}

interface ProfileDocument {
  readonly schedulerName?: string;
  readonly plugins?: Readonly<Record<string, PluginSet | null>> | null;
  readonly pluginConfig?: readonly Named[] | null;
}

const points = [
  ...['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score', 'reserve', 'permit', 'preBind', 'bind'],
  ...['postBind', 'multiPoint', 'placementGenerate', 'placementScore'],
];

/** Upstream's plugins that are no `Plugin` here: the queue's, the binder's, and those of kinds that this scheduler looks at elsewhere. */
const elsewhere = [
  ...['DefaultBinder', 'DefaultPreemption', 'DynamicResources', 'GangScheduling', 'NodeDeclaredFeatures', 'NodeVolumeLimits'],
  ...['PodGroupPodsCount', 'PrioritySort', 'SchedulingGates', 'TopologyPlacementGenerator'],
];

/**
 * `profiles` of a KubeSchedulerConfiguration: which plugins filter and score for whom, and with which weights. What `pluginConfig` says
 * beyond that is left to the caller to tell. @throws Error in one sentence for names that nobody has, and for two profiles of one name.
 */
export function readProfiles(documents: readonly ProfileDocument[]): readonly Profile[] {
  const profiles = documents.map(profileOf);
  const names = profiles.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice >= 0) throw new Error(`profiles[${twice}].schedulerName: Duplicate value: "${names[twice]}"`);
  return profiles.length > 0 ? profiles : [defaultProfile];
}

function profileOf(document: ProfileDocument, at: number): Profile {
  const { schedulerName, plugins } = document;
  if (!schedulerName && at > 0) throw new Error(`profiles[${at}].schedulerName: Required value`);
  for (const [point, set] of Object.entries(plugins ?? {})) checkSet(`profiles[${at}].plugins.${point}`, point, set ?? {});
  const set = (point: string): PluginSet => plugins?.[point] ?? {};
  const multi = set('multiPoint');
  return {
    name: schedulerName || defaultProfile.name,
    plugins: all.flatMap((plugin) => configured(plugin, multi, set('filter'), set('score'))),
    preempts: isOn('DefaultPreemption', isOn('DefaultPreemption', true, multi), set('postFilter')),
  };
}

function checkSet(path: string, point: string, { enabled, disabled }: PluginSet): void {
  if (!points.includes(point)) throw new Error(`strict decoding error: unknown field "${path}"`);
  for (const { name = '' } of [...(enabled ?? []), ...(disabled ?? [])])
    if (name !== '*' && !elsewhere.includes(name) && !all.some((plugin) => plugin.name === name))
      throw new Error(`${path}: plugin ${JSON.stringify(name)} does not exist`);
}

/** None when it neither filters nor scores any more. */
function configured(plugin: Plugin, multi: PluginSet, filter: PluginSet, score: PluginSet): Plugin[] {
  const { filter: filters, score: scores, weight = 1, ...rest } = plugin;
  const on = isOn(plugin.name, true, multi);
  const kept = {
    ...(filters && isOn(plugin.name, on, filter) ? { filter: filters } : {}),
    ...(scores && isOn(plugin.name, on, score) ? { score: scores } : {}),
  };
  if (Object.keys(kept).length === 0) return [];
  return [{ ...rest, ...kept, weight: weightIn(score, plugin.name) || weightIn(multi, plugin.name) || weight }];
}

function isOn(name: string, before: boolean, { enabled, disabled }: PluginSet): boolean {
  if (enabled?.some((plugin) => plugin.name === name)) return true;
  return before && !disabled?.some((plugin) => plugin.name === name || plugin.name === '*');
}

function weightIn({ enabled }: PluginSet, name: string): number {
  return enabled?.find((plugin) => plugin.name === name)?.weight ?? 0;
}
