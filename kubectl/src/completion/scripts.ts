/**
 * Each hands the words of the command line to `kubectl __complete`, which prints one candidate a line, with a tab before its description,
 * and a last line `:0` where file names may follow, `:4` where they may not.
 */
export const scripts = {
  bash: `# bash completion for kubectl: source <(kubectl completion bash)
__kubectl_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() out last candidate
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  out="$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)" || return
  last="\${words[\${#words[@]}-1]}"
  while IFS= read -r candidate; do
    case "$candidate" in
      :*) [[ "$candidate" == :4 ]] && compopt +o default 2>/dev/null ;;
      ?*) COMPREPLY+=("\${candidate%%$'\\t'*}") ;;
    esac
  done <<<"$out"
  # Readline replaces only what follows the last of these characters.
  local head="\${last%"\${last##*[=:]}"}" i
  if [[ -n "$head" ]]; then
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]="\${COMPREPLY[i]#"$head"}"; done
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *[/=] ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F __kubectl_complete kubectl
`,
  fish: `# fish completion for kubectl: kubectl completion fish | source
function __kubectl_complete
  set -l words (commandline -opc) (commandline -ct)
  kubectl __complete $words[2..-1] 2>/dev/null | string match -v -r '^:\\d+$'
end
complete -c kubectl -e
complete -c kubectl -f -a '(__kubectl_complete)'
`,
  zsh: `#compdef kubectl
# zsh completion for kubectl: source <(kubectl completion zsh)
_kubectl() {
  local -a lines candidates
  local line directive=0
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    case "$line" in
      :*) directive="\${line#:}" ;;
      ?*) candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  if (( \${#candidates} )); then
    _describe -t candidates kubectl candidates
  elif [[ "$directive" == 0 ]]; then
    _files
  fi
}
if [[ "\${funcstack[1]}" == _kubectl ]]; then
  _kubectl "$@"
else
  compdef _kubectl kubectl
fi
`,
} as const;
