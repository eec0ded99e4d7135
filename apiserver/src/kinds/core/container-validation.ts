import {
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  fieldUnsupported,
  isDNS1123Label,
  isPortName,
  isPortNumber,
  isRelaxedEnvVarName,
  parseQuantity,
  zeroQuantity,
} from '@keelson/machinery';
import type { Container, PodSpec, Probe } from '@keelson/types';
import { restartErrors } from './container-restart-validation.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const messagePolicies = ['FallbackToLogsOnError', 'File'];

export function containersErrors(spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { containers = [], initContainers = [] } = spec;
  if (containers.length === 0) errors.push(fieldRequired(at.child('containers')));
  const names = new Set<string>();
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  for (const [member, list] of [
    ['initContainers', initContainers],
    ['containers', containers],
  ] as const) {
    for (const [index, container] of list.entries()) {
      const where = at.child(member).index(index);
      const init = member === 'initContainers';
      errors.push(...containerErrors(container, where, volumes, init), ...restartErrors(container, spec, where, init));
      if (container.name && names.has(container.name)) errors.push(fieldDuplicate(where.child('name'), container.name));
      names.add(container.name);
    }
  }
  return errors;
}

function containerErrors(container: Container, at: FieldPath, volumes: ReadonlySet<string>, init: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { name, image, imagePullPolicy, terminationMessagePolicy, restartPolicy } = container;
  if (!name) errors.push(fieldRequired(at.child('name')));
  else for (const message of isDNS1123Label(name)) errors.push(fieldInvalid(at.child('name'), name, message));
  if (!image) errors.push(fieldRequired(at.child('image')));
  else if (image !== image.trim()) errors.push(fieldInvalid(at.child('image'), image, 'must not have leading or trailing whitespace'));
  if (imagePullPolicy && !pullPolicies.includes(imagePullPolicy))
    errors.push(fieldUnsupported(at.child('imagePullPolicy'), imagePullPolicy, pullPolicies));
  if (terminationMessagePolicy && !messagePolicies.includes(terminationMessagePolicy))
    errors.push(fieldUnsupported(at.child('terminationMessagePolicy'), terminationMessagePolicy, messagePolicies));
  errors.push(
    ...portErrors(container, at.child('ports')),
    ...envErrors(container, at),
    ...mountErrors(container, at.child('volumeMounts'), volumes),
    ...resourceErrors(container, at.child('resources')),
  );
  const sidecar = init && restartPolicy === 'Always';
  for (const member of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[member];
    if (probe && init && !sidecar)
      errors.push(fieldForbidden(at.child(member), 'may not be set for init containers without restartPolicy=Always'));
    else if (probe) errors.push(...probeErrors(probe, at.child(member), member));
  }
  if (container.lifecycle && init && !sidecar)
    errors.push(fieldForbidden(at.child('lifecycle'), 'may not be set for init containers without restartPolicy=Always'));
  return errors;
}

function portErrors({ ports = [] }: Container, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol }] of ports.entries()) {
    const where = at.index(index);
    if (name) {
      for (const message of isPortName(name)) errors.push(fieldInvalid(where.child('name'), name, message));
      if (names.has(name)) errors.push(fieldDuplicate(where.child('name'), name));
      names.add(name);
    }
    if (!containerPort) errors.push(fieldRequired(where.child('containerPort')));
    else for (const message of isPortNumber(containerPort)) errors.push(fieldInvalid(where.child('containerPort'), containerPort, message));
    if (hostPort) for (const message of isPortNumber(hostPort)) errors.push(fieldInvalid(where.child('hostPort'), hostPort, message));
    if (!protocol) errors.push(fieldRequired(where.child('protocol')));
    else if (!protocols.includes(protocol)) errors.push(fieldUnsupported(where.child('protocol'), protocol, protocols));
  }
  return errors;
}

function envErrors({ env = [], envFrom = [] }: Container, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { name, value, valueFrom }] of env.entries()) {
    const where = at.child('env').index(index);
    if (!name) errors.push(fieldRequired(where.child('name')));
    else for (const message of isRelaxedEnvVarName(name)) errors.push(fieldInvalid(where.child('name'), name, message));
    if (!valueFrom) continue;
    const sources = Object.values(valueFrom).filter((source) => source !== undefined).length;
    if (sources === 0)
      errors.push(
        fieldInvalid(
          where.child('valueFrom'),
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      );
    else if (value) errors.push(fieldInvalid(where.child('valueFrom'), '', 'may not be specified when `value` is not empty'));
    else if (sources > 1) errors.push(fieldInvalid(where.child('valueFrom'), '', 'may not have more than one field specified at a time'));
  }
  for (const [index, { configMapRef, secretRef }] of envFrom.entries()) {
    const where = at.child('envFrom').index(index);
    if (!configMapRef && !secretRef) errors.push(fieldInvalid(where, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (configMapRef && secretRef) errors.push(fieldInvalid(where, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function mountErrors({ volumeMounts = [] }: Container, at: FieldPath, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const [index, { name, mountPath, subPath, subPathExpr }] of volumeMounts.entries()) {
    const where = at.index(index);
    if (!name) errors.push(fieldRequired(where.child('name')));
    else if (!volumes.has(name)) errors.push(fieldNotFound(where.child('name'), name));
    if (!mountPath) errors.push(fieldRequired(where.child('mountPath')));
    else if (paths.has(mountPath)) errors.push(fieldInvalid(where.child('mountPath'), mountPath, 'must be unique'));
    paths.add(mountPath);
    if (subPath && subPathExpr)
      errors.push(fieldInvalid(where.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    if (subPath?.startsWith('/')) errors.push(fieldInvalid(where.child('subPath'), subPath, 'must be a relative path'));
    if (subPath?.split('/').includes('..')) errors.push(fieldInvalid(where.child('subPath'), subPath, "must not contain '..'"));
  }
  return errors;
}

export function resourceErrors({ resources }: Container, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { limits = {}, requests = {} } = resources ?? {};
  for (const [member, quantities] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, text] of Object.entries(quantities)) {
      if (compareQuantities(parseQuantity(text), zeroQuantity) < 0)
        errors.push(fieldInvalid(at.child(member).key(name), text, 'must be greater than or equal to 0'));
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && compareQuantities(parseQuantity(request), parseQuantity(limit)) > 0)
      errors.push(fieldInvalid(at.child('requests'), request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  return errors;
}

function probeErrors(probe: Probe, at: FieldPath, member: string): FieldError[] {
  const errors: FieldError[] = [];
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter((name) => probe[name] !== undefined);
  if (handlers.length === 0) errors.push(fieldRequired(at, 'must specify a handler type'));
  for (const extra of handlers.slice(1)) errors.push(fieldForbidden(at.child(extra), 'may not specify more than 1 handler type'));
  for (const count of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    const value = probe[count];
    if (value !== undefined && value < 0) errors.push(fieldInvalid(at.child(count), value, 'must be greater than or equal to 0'));
  }
  if (member !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1)
    errors.push(fieldInvalid(at.child('successThreshold'), probe.successThreshold, 'must be 1'));
  if (probe.exec && !probe.exec.command?.length) errors.push(fieldRequired(at.child('exec', 'command')));
  for (const handler of ['httpGet', 'tcpSocket'] as const) {
    const port = probe[handler]?.port;
    if (port === undefined) continue;
    const messages = typeof port === 'number' ? isPortNumber(port) : isPortName(port);
    for (const message of messages) errors.push(fieldInvalid(at.child(handler, 'port'), port, message));
  }
  return errors;
}
