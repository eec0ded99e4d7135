import { compareStrings, formatLabelSelector } from '@keelson/machinery';
import type { PodSpec, PodTemplateSpec, Toleration } from '@keelson/types';
import { containersLines } from './containers.ts';
import { annotationLines, field, type Lines, labelLines, listed } from './lines.ts';
import { volumesLines } from './volumes.ts';

/** What stands under `Pod Template:`. `cause` is the revision's change cause, which upstream prints as an annotation. */
export function templateLines({ metadata, spec }: PodTemplateSpec, cause = ''): Lines {
  const annotations = cause ? { ...metadata?.annotations, 'kubernetes.io/change-cause': cause } : (metadata?.annotations ?? {});
  return [
    ...labelLines(1, metadata?.labels),
    ...(Object.keys(annotations).length > 0 ? annotationLines(1, annotations) : []),
    ...(spec?.serviceAccountName ? [field(1, 'Service Account', spec.serviceAccountName)] : []),
    ...(spec?.initContainers?.length ? containersLines('Init Containers', spec.initContainers, []) : []),
    ...containersLines('Containers', spec?.containers ?? [], []),
    ...volumesLines(spec?.volumes, true),
    ...spreadLines(1, spec),
    ...(spec?.priorityClassName ? [field(1, 'Priority Class Name', spec.priorityClassName)] : []),
    ...placementLines(1, spec),
    ...groupLines(1, spec),
  ];
}

/** As text, its lines ended. */
export function templateText(template: PodTemplateSpec, cause = ''): string {
  return templateLines(template, cause)
    .map((line) => `${line.replace(/^ +\t/, '\t')}\n`)
    .join('');
}

export function placementLines(level: number, spec: PodSpec | undefined): Lines {
  return [
    ...labelLines(level, spec?.nodeSelector, 'Node-Selectors'),
    ...listed(
      level,
      'Tolerations',
      (spec?.tolerations ?? []).toSorted((a, b) => compareStrings(a.key ?? '', b.key ?? '')).map(tolerationText),
    ),
  ];
}

/** How evenly pods are to be spread, in the order of the keys they are spread by. */
export function spreadLines(level: number, spec: PodSpec | undefined): Lines {
  const constraints = (spec?.topologySpreadConstraints ?? []).toSorted((a, b) => compareStrings(a.topologyKey, b.topologyKey));
  if (constraints.length === 0) return [];
  const texts = constraints.map(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }) => {
    const selector = labelSelector ? ` for selector ${formatLabelSelector(labelSelector)}` : '';
    return `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${selector}`;
  });
  return listed(level, 'Topology Spread Constraints', texts);
}

/** With whom the pod is scheduled: in templates, too, upstream has the name no further in. */
export function groupLines(level: number, spec: PodSpec | undefined): Lines {
  const { schedulingGroup: group } = spec ?? {};
  return group ? [`${'  '.repeat(level)}SchedulingGroup:`, field(1, 'PodGroupName', group.podGroupName)] : [];
}

function tolerationText({ key = '', operator, value, effect, tolerationSeconds }: Toleration): string {
  const name = `${key}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}`;
  const exists = operator === 'Exists' && !value ? ' op=Exists' : '';
  const time = tolerationSeconds === undefined || tolerationSeconds === null ? '' : ` for ${tolerationSeconds}s`;
  return `${name}${exists}${time}`.trimStart();
}
