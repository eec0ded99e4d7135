/** A pod's own configuration keeps its container from being made; shown as the waiting reason. */
export class ConfigError extends Error {
  readonly reason: string;

  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message);
    this.name = 'ConfigError';
    this.reason = reason;
  }
}
