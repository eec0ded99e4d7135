/**
 * Flags that Kubernetes' program of the same name takes and ours takes too, so that its command lines work, but that change nothing: what
 * they tune is not there. A program says at its start which of them it was given.
 */
export interface InertFlags {
  /** Those that may stand alone: `--profiling`. */
  readonly switches: readonly string[];
  /** Those that want a value. */
  readonly values: readonly string[];
}

const nothing: InertFlags = { switches: [], values: [] };

/** Of every program of Kubernetes: its logger, its HTTP stack, its feature gates. */
const common: InertFlags = {
  switches: [
    ...['profiling', 'contention-profiling', 'disable-http2-serving', 'permit-port-sharing', 'permit-address-sharing', 'logtostderr'],
    ...['log-json-split-stream', 'log-text-split-stream'],
  ],
  values: [
    ...['feature-gates', 'emulated-version', 'logging-format', 'log-flush-frequency', 'log-json-info-buffer-size'],
    ...['log-text-info-buffer-size', 'vmodule', 'show-hidden-metrics-for-version', 'disabled-metrics'],
    ...[
      'allow-metric-labels',
      'allow-metric-labels-manifest',
      'tls-cipher-suites',
      'tls-curve-preferences',
      'tls-min-version',
      'http2-max-streams-per-connection',
    ],
    ...['kube-api-qps', 'kube-api-burst', 'kube-api-content-type', 'master', 'tls-sni-cert-key', 'min-compatibility-version'],
  ],
};

/** All that a program takes without effect. */
export function inertFlags(own: InertFlags = nothing): InertFlags {
  return { switches: [...common.switches, ...own.switches], values: [...common.values, ...own.values] };
}
