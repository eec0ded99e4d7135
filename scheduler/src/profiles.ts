import { type FieldError, fieldDuplicate, formatFieldErrors, path } from '@keelson/machinery';
import { defaultArgs, type PluginArgs } from './config/plugin-args.ts';
import { completeArgs, type DecodedConfig, decodePluginConfigs, type PluginConfigDocument } from './config/plugin-config.ts';
import { argErrors, fitErrors } from './config/validate-args.ts';
import { plugins as all, pluginsWith } from './plugins/index.ts';
import type { Plugin } from './plugins/types.ts';

/** One way to schedule: pods ask for it by name. */
export interface Profile {
  readonly name: string;
  readonly plugins: readonly Plugin[];
  /** Pods that fit nowhere may have less important ones evicted. */
  readonly preempts: boolean;
  readonly args: PluginArgs;
}

export const defaultProfile: Profile = { name: 'default-scheduler', plugins: all, preempts: true, args: defaultArgs };

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
  readonly pluginConfig?: readonly PluginConfigDocument[] | null;
}

const points = [
  ...['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score', 'reserve', 'permit', 'preBind', 'bind'],
  ...['postBind', 'multiPoint', 'placementGenerate', 'placementScore'],
];

/** Upstream's plugins that are no `Plugin` here: the queue's, the binder's, and those of kinds that this scheduler looks at elsewhere. */
const elsewhere = [
  ...['DefaultBinder', 'DefaultPreemption', 'GangScheduling', 'NodeDeclaredFeatures'],
  ...['PodGroupPodsCount', 'PrioritySort', 'SchedulingGates', 'TopologyPlacementGenerator'],
];

/**
 * `profiles` of a KubeSchedulerConfiguration: which plugins filter and score for whom, with which weights and arguments. @throws Error in
 * one sentence for names that nobody has, two profiles of one name, and in upstream's words for arguments it would not start with.
 * @param ignored extended resources that extenders alone look at; when there are any, they come in the place of those that a profile ignores
 */
export function readProfiles(documents: readonly ProfileDocument[], ignored: readonly string[] = []): readonly Profile[] {
  const configs = decodePluginConfigs(documents.map(({ pluginConfig }) => pluginConfig ?? []));
  const wrong = configs.flatMap(configErrors);
  if (wrong.length > 0) throw new Error(formatFieldErrors(wrong));
  const profiles = documents.map((document, at) => profileOf(document, at, ignoring(completeArgs(configs[at] ?? []), ignored)));
  const names = profiles.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice >= 0) throw new Error(`profiles[${twice}].schedulerName: Duplicate value: "${names[twice]}"`);
  for (const profile of profiles) checkFit(profile);
  return profiles.length > 0 ? profiles : [defaultProfile];
}

/** Whether what `pluginConfig` says to a plugin of this name has an effect. */
export function takesArgs(plugin: string): boolean {
  return Object.hasOwn(defaultArgs, plugin);
}

function ignoring(args: PluginArgs, ignored: readonly string[]): PluginArgs {
  return ignored.length > 0 ? { ...args, NodeResourcesFit: { ...args.NodeResourcesFit, ignoredResources: ignored } } : args;
}

function configErrors(configs: readonly DecodedConfig[], profile: number): FieldError[] {
  const args = completeArgs(configs);
  return configs.flatMap(({ name }, i) => {
    const at = path('profiles').index(profile).child('pluginConfig').index(i);
    const twice = configs.findIndex((other) => other.name === name) < i;
    return [...(twice ? [fieldDuplicate(at, name)] : []), ...argErrors(name, args, at.child('args'))];
  });
}

/** Upstream leaves NodeResourcesFit to look at its arguments itself, as it is made. */
function checkFit({ name, plugins, args }: Profile): void {
  if (!plugins.some((plugin) => plugin.name === 'NodeResourcesFit')) return;
  const wrong = fitErrors(args.NodeResourcesFit, path());
  const made = `creating profile for scheduler name ${name}: initializing plugin "NodeResourcesFit"`;
  if (wrong.length > 0) throw new Error(`initializing profiles: ${made}: ${formatFieldErrors(wrong)}`);
}

function profileOf(document: ProfileDocument, at: number, args: PluginArgs): Profile {
  const { schedulerName, plugins } = document;
  if (!schedulerName && at > 0) throw new Error(`profiles[${at}].schedulerName: Required value`);
  for (const [point, set] of Object.entries(plugins ?? {})) checkSet(`profiles[${at}].plugins.${point}`, point, set ?? {});
  const set = (point: string): PluginSet => plugins?.[point] ?? {};
  const multi = set('multiPoint');
  return {
    name: schedulerName || defaultProfile.name,
    plugins: pluginsWith(args).flatMap((plugin) => configured(plugin, multi, set('filter'), set('score'))),
    preempts: isOn('DefaultPreemption', isOn('DefaultPreemption', true, multi), set('postFilter')),
    args,
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
