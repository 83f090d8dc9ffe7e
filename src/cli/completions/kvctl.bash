# bash completion of kvctl. Bash splits the line at colons and other characters, and neither quotes
# candidates nor splits them safely, so kvctl is given the line and does both.
_kvctl() {
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        COMPREPLY+=("$reply")
    done < <(
        KVCTL_COMPLETE=bash command kvctl -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" \
            2>/dev/null </dev/null
    )
    if [[ ${#COMPREPLY[@]} -eq 0 && $2 == [~./]* ]]; then
        compopt -o default 2>/dev/null
    elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:@=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o nosort -F _kvctl kvctl 2>/dev/null || complete -F _kvctl kvctl
