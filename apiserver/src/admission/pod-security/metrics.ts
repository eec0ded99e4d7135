import { Counter, type Registry } from 'prom-client';
import type { Evaluation } from './decide.ts';

/** What a count is about. */
export interface Counted {
  readonly request_operation: string;
  readonly resource: 'pod' | 'namespace' | 'controller';
  readonly subresource: string;
}

/** Counts under Kubernetes' own names. */
export interface PodSecurityMetrics {
  evaluated(evaluation: Evaluation, about: Counted): void;
  exempted(about: Counted): void;
  /** `fatal`: the request could not be judged at all. */
  failed(fatal: boolean, about: Counted): void;
}

/** Of this server: a policy of a later version is counted as `future`. */
const newestMinor = 36;

export function createPodSecurityMetrics(registry: Registry): PodSecurityMetrics {
  const registers = [registry];
  const about = ['request_operation', 'resource', 'subresource'];
  const evaluations = new Counter({
    name: 'pod_security_evaluations_total',
    help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
    labelNames: ['decision', 'policy_level', 'policy_version', 'mode', ...about],
    registers,
  });
  const exemptions = new Counter({
    name: 'pod_security_exemptions_total',
    help: 'Number of exempt requests, not counting ignored or out of scope requests.',
    labelNames: about,
    registers,
  });
  const errors = new Counter({
    name: 'pod_security_errors_total',
    help: 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used.',
    labelNames: ['fatal', ...about],
    registers,
  });
  return {
    evaluated({ mode, levelVersion, allowed }, counted) {
      const labels = { policy_level: levelVersion.level, policy_version: versionLabel(levelVersion), mode };
      evaluations.inc({ decision: allowed ? 'allow' : 'deny', ...labels, ...counted });
    },
    exempted: (counted) => exemptions.inc({ ...counted }),
    failed: (fatal, counted) => errors.inc({ fatal: String(fatal), ...counted }),
  };
}

function versionLabel({ level, minor }: Evaluation['levelVersion']): string {
  if (level === 'privileged' || minor === Infinity) return 'latest';
  return minor > newestMinor ? 'future' : `v1.${minor}`;
}
