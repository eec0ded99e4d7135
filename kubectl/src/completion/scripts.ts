/**
 * Each hands the words of the command line to `kubectl __complete`, which prints one candidate a line, with a tab before its description,
 * and a last line with a colon and a number: the sum of 2 where no space follows, 4 where no file name may stand, and 8 where the
 * candidates are endings of file names. The value of `--flag=value` is proposed without the flag.
 */
export const scripts = {
  bash: `# bash completion for kubectl: source <(kubectl completion bash)
__kubectl_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() out last candidate directive=0
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  out="$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)" || return
  last="\${words[\${#words[@]}-1]}"
  while IFS= read -r candidate; do
    case "$candidate" in
      :*) directive="\${candidate#:}" ;;
      ?*) COMPREPLY+=("\${candidate%%$'\\t'*}") ;;
    esac
  done <<<"$out"
  (( directive & 8 )) && COMPREPLY=()
  (( directive & 4 )) && compopt +o default 2>/dev/null
  (( directive & 2 )) && compopt -o nospace 2>/dev/null
  # Readline replaces only what follows the last colon.
  local head="\${last%"\${last##*:}"}" i
  if [[ -n "$head" ]]; then
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]="\${COMPREPLY[i]#"$head"}"; done
  fi
  return 0
}
complete -o default -F __kubectl_complete kubectl
`,
  fish: `# fish completion for kubectl: kubectl completion fish | source
function __kubectl_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l flag (string match -r -- '^--[^=]+=' $words[-1])
  set -l lines (kubectl __complete $words[2..-1] 2>/dev/null)
  set -l directive (string replace ':' '' -- $lines[-1])
  if test (math "bitand($directive, 8)") -ne 0 -o "$directive" = 0 -a (count $lines) -eq 1
    __fish_complete_path (string replace -r -- '^--[^=]+=' '' $words[-1])
    return
  end
  for line in $lines[1..-2]
    echo $flag$line
  end
end
complete -c kubectl -e
complete -c kubectl -f -a '(__kubectl_complete)'
`,
  powershell: `# powershell completion for kubectl: kubectl completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName kubectl -ScriptBlock {
  param($current, $command, $position)
  $words = @($command.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { "$_" })
  if ($current -eq '') { $words += '""' }
  $flag = if ($current -match '^(--[^=]+=)') { $Matches[1] } else { '' }
  $lines = @(Invoke-Expression "kubectl __complete $($words -join ' ')" 2>$null)
  if ($lines.Count -lt 2 -or ([int]$lines[-1].Substring(1) -band 8)) { return }
  foreach ($line in $lines[0..($lines.Count - 2)]) {
    $value, $meaning = $line -split "\`t", 2
    $shown = if ($meaning) { $meaning } else { $value }
    [System.Management.Automation.CompletionResult]::new("$flag$value", $value, 'ParameterValue', $shown)
  }
}
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
  (( directive & 8 )) && candidates=()
  [[ "\${words[CURRENT]}" == --*=* ]] && compset -P '*='
  if (( \${#candidates} )); then
    local -a ending
    (( directive & 2 )) && ending=(-S '')
    _describe -t candidates kubectl candidates "\${ending[@]}"
  elif (( ! (directive & 4) )); then
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
