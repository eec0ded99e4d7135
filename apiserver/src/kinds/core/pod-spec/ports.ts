import { type FieldPath, isPortName, isPortNumber, repeats } from '@keelson/machinery';
import type { Container, ContainerPort, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];

/** Ports of one container. */
export function checkPorts({ ports }: Container, at: FieldPath, report: Report): void {
  if (!ports) return;
  const again = repeats(ports, ({ name }) => name);
  for (const [index, port] of ports.entries()) checkPort(port, again.has(index), at.child('ports').index(index), report);
}

function checkPort(port: ContainerPort, isTaken: boolean, at: FieldPath, report: Report): void {
  const { name, containerPort, hostPort, protocol } = port;
  if (name) {
    const problems = isPortName(name);
    report.problems(at, 'name', name, problems);
    if (problems.length === 0 && isTaken) report.duplicate(at, 'name', name);
  }
  if (!containerPort) report.required(at, 'containerPort');
  else report.problems(at, 'containerPort', containerPort, isPortNumber(containerPort));
  if (hostPort) report.problems(at, 'hostPort', hostPort, isPortNumber(hostPort));
  if (!protocol) report.required(at, 'protocol');
  else if (!protocols.includes(protocol)) report.unsupported(at, 'protocol', protocol, protocols);
}

/** No two of these containers get the same port of the node. */
export function checkHostPorts(containers: readonly Container[], at: FieldPath, member: string, report: Report): void {
  let taken: Set<string> | undefined;
  for (const [index, { ports }] of containers.entries())
    for (const [place, { hostPort, hostIP = '', protocol }] of (ports ?? []).entries()) {
      if (!hostPort) continue;
      const key = `${protocol ?? ''}/${hostIP}/${hostPort}`;
      taken ??= new Set();
      if (taken.has(key)) report.duplicate(at, `${member}[${index}].ports[${place}].hostPort`, key);
      taken.add(key);
    }
}

/** On the node's own network a port is the node's. A template may leave it open: its pods are filled in. */
export function checkHostNetworkPorts({ containers }: PodSpec, isPod: boolean, at: FieldPath, report: Report): void {
  for (const [index, { ports }] of containers.entries())
    for (const [place, { hostPort = 0, containerPort }] of (ports ?? []).entries())
      if (hostPort !== containerPort && (isPod || hostPort !== 0))
        report.invalid(
          at,
          `containers[${index}].ports[${place}].hostPort`,
          hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        );
}
