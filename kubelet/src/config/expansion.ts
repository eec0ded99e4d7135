/**
 * Replaces `$(NAME)` by the variable's value; `$$` stands for one `$`, and a reference to an unknown variable stays as it is written.
 * As Kubernetes expands commands, arguments, values of variables and `subPathExpr`.
 */
export function expand(text: string, variable: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (reference: string, name: string | undefined) => {
    if (name === undefined) return '$';
    return variable(name) ?? reference;
  });
}
