import { type FieldPath, isHttpHeaderName, isPortName, isPortNumber } from '@keelson/machinery';
import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, PodSpec, Probe } from '@keelson/types';
import type { Report } from '../../report.ts';

/** What is done with a container while it runs: probes and hooks. */
export function checkHandlers(container: Container, spec: PodSpec, at: FieldPath, report: Report): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle) checkLifecycle(lifecycle, spec, at.child('lifecycle'), report);
  if (livenessProbe) checkProbe(livenessProbe, 'livenessProbe', at, report);
  if (readinessProbe) checkProbe(readinessProbe, 'readinessProbe', at, report);
  if (startupProbe) checkProbe(startupProbe, 'startupProbe', at, report);
}

function checkLifecycle({ postStart, preStop }: Lifecycle, spec: PodSpec, at: FieldPath, report: Report): void {
  const grace = spec.terminationGracePeriodSeconds;
  if (postStart) checkHandler(postStart, at.child('postStart'), report, grace);
  if (preStop) checkHandler(preStop, at.child('preStop'), report, grace);
}

const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

function checkProbe(probe: Probe, member: string, container: FieldPath, report: Report): void {
  const at = container.child(member);
  checkHandler(probe, at, report);
  for (const count of counts) {
    const value = probe[count];
    if (value !== undefined && value < 0) report.invalid(at, count, value, 'must be greater than or equal to 0');
  }
  const { terminationGracePeriodSeconds: grace, successThreshold } = probe;
  if (grace !== undefined && grace <= 0) report.invalid(at, 'terminationGracePeriodSeconds', grace, 'must be greater than 0');
  if (member !== 'readinessProbe' && successThreshold !== 1) report.invalid(at, 'successThreshold', successThreshold ?? 0, 'must be 1');
  if (member === 'readinessProbe' && grace !== undefined)
    report.invalid(at, 'terminationGracePeriodSeconds', grace, 'must not be set for readinessProbes');
}

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;
const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

/** One way of doing it, no more. `grace` is the pod's own period in seconds, for hooks. */
function checkHandler(handler: Handler, at: FieldPath, report: Report, grace?: number): void {
  let first: (typeof kinds)[number] | undefined;
  for (const kind of kinds) {
    if (handler[kind] === undefined) continue;
    if (first) report.forbidden(at, kind, 'may not specify more than 1 handler type');
    first ??= kind;
  }
  if (!first) report.required(at, '', 'must specify a handler type');
  else checkAction(handler, first, at, report, grace);
}

function checkAction(handler: Handler, kind: (typeof kinds)[number], at: FieldPath, report: Report, grace: number | undefined): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (kind === 'exec' && !exec?.command?.length) report.required(at, 'exec.command');
  if (kind === 'httpGet' && httpGet) checkHttpGet(httpGet, at.child('httpGet'), report);
  if (kind === 'tcpSocket') checkPort(tcpSocket?.port, at, 'tcpSocket.port', report);
  if (kind === 'grpc') checkPort(grpc?.port, at, 'grpc.port', report);
  if (kind !== 'sleep' || !sleep || grace === undefined) return;
  const { seconds = 0 } = sleep;
  if (seconds < 0 || seconds > grace)
    report.invalid(at, 'sleep', seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
}

const schemes = ['HTTP', 'HTTPS'];

function checkHttpGet({ path, port, scheme, httpHeaders }: HTTPGetAction, at: FieldPath, report: Report): void {
  if (!path) report.required(at, 'path');
  checkPort(port, at, 'port', report);
  if (!scheme || !schemes.includes(scheme)) report.unsupported(at, 'scheme', scheme ?? '', schemes);
  if (httpHeaders) for (const { name = '' } of httpHeaders) report.problems(at, 'httpHeaders', name, isHttpHeaderName(name));
}

/** A number, or the name of one of the container's ports. */
function checkPort(port: number | string | undefined = 0, at: FieldPath, where: string, report: Report): void {
  report.problems(at, where, port, typeof port === 'number' ? isPortNumber(port) : isPortName(port));
}
