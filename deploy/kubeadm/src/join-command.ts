/** What is typed on the machine that joins. */
export interface JoinCommand {
  /** `host:port`. */
  readonly endpoint: string;
  readonly token: string;
  readonly caHash: string;
  /** For one more control plane. */
  readonly certificateKey?: string;
}

/** The words of the command line, in order, in groups that belong on one line. */
export function joinWords({ endpoint, token, caHash, certificateKey }: JoinCommand): readonly string[] {
  return [
    `kubeadm join ${endpoint} --token ${token}`,
    `--discovery-token-ca-cert-hash ${caHash}`,
    ...(certificateKey === undefined ? [] : [`--control-plane --certificate-key ${certificateKey}`]),
  ];
}
