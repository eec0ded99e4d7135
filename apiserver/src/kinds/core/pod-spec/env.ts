import { type FieldPath, isConfigMapKey, isDNS1123Label, isDNS1123Subdomain, isRelaxedEnvVarName } from '@keelson/machinery';
import type { Container, EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { everyContainer } from './every-container.ts';
import { checkFieldRef, checkResourceRef } from './field-refs.ts';
import { noBacksteps } from './paths.ts';

/** Variables of a container. */
export function checkEnv({ env, envFrom }: Container, at: FieldPath, report: Report): void {
  if (env) for (const [index, variable] of env.entries()) checkVariable(variable, at.child('env').index(index), report);
  if (envFrom) for (const [index, source] of envFrom.entries()) checkSource(source, at, index, report);
}

function checkVariable({ name, value, valueFrom }: EnvVar, at: FieldPath, report: Report): void {
  if (!name) report.required(at, 'name');
  else report.problems(at, 'name', name, isRelaxedEnvVarName(name));
  if (!valueFrom) return;
  const sources = checkValueFrom(valueFrom, at.child('valueFrom'), report);
  if (sources === 0)
    report.invalid(
      at,
      'valueFrom',
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    );
  else if (value) report.invalid(at, 'valueFrom', '', 'may not be specified when `value` is not empty');
  else if (sources > 1) report.invalid(at, 'valueFrom', '', 'may not have more than one field specified at a time');
}

/** @returns how many sources there are. */
function checkValueFrom(from: EnvVarSource, at: FieldPath, report: Report): number {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = from;
  if (fieldRef) checkFieldRef(fieldRef, 'variable', at.child('fieldRef'), report);
  if (resourceFieldRef) checkResourceRef(resourceFieldRef, false, at.child('resourceFieldRef'), report);
  if (configMapKeyRef) checkKey(configMapKeyRef, at.child('configMapKeyRef'), report);
  if (secretKeyRef) checkKey(secretKeyRef, at.child('secretKeyRef'), report);
  if (fileKeyRef) checkFileKey(fileKeyRef, at.child('fileKeyRef'), report);
  return Number(!!fieldRef) + Number(!!resourceFieldRef) + Number(!!configMapKeyRef) + Number(!!secretKeyRef) + Number(!!fileKeyRef);
}

function checkKey({ name = '', key }: { name?: string | undefined; key?: string | undefined }, at: FieldPath, report: Report): void {
  report.problems(at, 'name', name, isDNS1123Subdomain(name));
  if (!key) report.required(at, 'key');
  else report.problems(at, 'key', key, isConfigMapKey(key));
}

function checkFileKey({ volumeName, path, key }: FileKeySelector, at: FieldPath, report: Report): void {
  if (!key) report.required(at, 'key');
  else report.problems(at, 'key', key, isRelaxedEnvVarName(key));
  if (!volumeName) report.required(at, 'volumeName');
  else report.problems(at, 'volumeName', volumeName, isDNS1123Label(volumeName));
  if (!path) report.required(at, 'path');
  else noBacksteps(path, at, 'path', report);
}

/** Files that variables are read from lie in directories the pod begins with empty. `at` is its spec. */
export function checkEnvFiles(spec: PodSpec, at: FieldPath, report: Report): void {
  for (const [{ env }, member, index] of everyContainer(spec))
    for (const [place, { valueFrom }] of (env ?? []).entries()) {
      if (!valueFrom?.fileKeyRef) continue;
      const { volumeName = '' } = valueFrom.fileKeyRef;
      const where = `${member}[${index}].env[${place}].valueFrom.fileKeyRef.volumeName`;
      const volume = spec.volumes?.findLast(({ name }) => name === volumeName);
      if (!volume) report.notFound(at, where, volumeName);
      else if (!volume.emptyDir) report.invalid(at, where, volumeName, 'referenced volume must be of type emptyDir');
    }
}

/** Upstream says what is wrong with the number of sources of the list, not of its element. */
function checkSource({ prefix, configMapRef, secretRef }: EnvFromSource, container: FieldPath, index: number, report: Report): void {
  const at = container.child('envFrom').index(index);
  if (prefix) report.problems(at, 'prefix', prefix, isRelaxedEnvVarName(prefix));
  if (configMapRef) checkName(configMapRef.name, at, 'configMapRef.name', report);
  if (secretRef) checkName(secretRef.name, at, 'secretRef.name', report);
  if (!configMapRef && !secretRef) report.invalid(container, 'envFrom', '', 'must specify one of: `configMapRef` or `secretRef`');
  if (configMapRef && secretRef) report.invalid(container, 'envFrom', '', 'may not have more than one field specified at a time');
}

function checkName(name: string | undefined, at: FieldPath, where: string, report: Report): void {
  if (!name) report.required(at, where);
  else report.problems(at, where, name, isDNS1123Subdomain(name, true));
}
