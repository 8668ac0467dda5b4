# bash completion for gandi-ddns. tests/it/completions.rs compares it with the program's table of options.
# Requires bash 4, and nothing else.

# Sets `command` to the command in COMP_WORDS; `update` if there is none.
_gandi_ddns_command() {
    local i word
    command=update
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            -c | --config | -o | --option | --address | --wait | --splay | --interval | --domain | --name | --type | --ttl)
                # Its value; readline makes a word of `=`.
                [[ ${COMP_WORDS[i + 1]} != '=' ]] || ((i++))
                ((i++))
                # The value of -o has a `=` in it, too.
                [[ ${COMP_WORDS[i + 1]} != '=' ]] || ((i += 2))
                ;;
            watch | check | status | ip | get | setup)
                command=$word
                return
                ;;
        esac
    done
}

_gandi_ddns() {
    local command options word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [[ $word == '=' ]]; then
        word=
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
        -c | --config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        -o | --option)
            compopt -o nospace 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -S = -W 'ca_file state_dir timeout recheck history on_change on_failure
                heartbeat token_file api_key_file api sharing_id renew_token ipv4 ipv6 quorum multiple_values' -- "$word")
            return
            ;;
        --type)
            mapfile -t COMPREPLY < <(compgen -W 'A AAAA' -- "$word")
            return
            ;;
        --address | --wait | --splay | --interval | --domain | --name | --ttl)
            return
            ;;
    esac
    _gandi_ddns_command
    if [[ $word != -* ]]; then
        [[ $command != update ]] ||
            mapfile -t COMPREPLY < <(compgen -W 'watch check status ip get setup' -- "$word")
        return
    fi
    options='-c --config -o --option -4 -6 -v --verbose -q --quiet -h --help -V --version'
    case $command in
        update) options+=' -n --dry-run -f --force --address --wait --splay --syslog --json' ;;
        watch) options+=' --syslog --interval' ;;
        check) options+=' --json --redact --offline' ;;
        status | ip | get) options+=' --json' ;;
        setup) options+=' -f --force -y --yes' ;;
    esac
    [[ $command == ip ]] || options+=' --domain --name --type --ttl'
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}

complete -F _gandi_ddns gandi-ddns
