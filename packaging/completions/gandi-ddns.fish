# fish completion for gandi-ddns. tests/it/completions.rs compares it with the program's table of options.

# Prints the command in the words before the cursor; `update` if there is none.
function __gandi_ddns_command
    set -l is_value 0
    for word in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case -c --config -o --option --address --wait --splay --interval --domain --name --type --ttl
                set is_value 1
            case watch check status ip get setup
                echo $word
                return
        end
    end
    echo update
end

# Succeeds if the command is one of the arguments.
function __gandi_ddns_is
    contains (__gandi_ddns_command) $argv
end

function __gandi_ddns_keys
    string replace -r '$' = ca_file state_dir timeout recheck history on_change on_failure heartbeat token_file \
        api_key_file api sharing_id renew_token ipv4 ipv6 quorum multiple_values
end

complete -c gandi-ddns -f

complete -c gandi-ddns -n '__gandi_ddns_is update' -a watch -d 'Update within seconds of a change'
complete -c gandi-ddns -n '__gandi_ddns_is update' -a check -d 'Diagnose config, network, token and zone'
complete -c gandi-ddns -n '__gandi_ddns_is update' -a status -d 'Show last run, changes and failures'
complete -c gandi-ddns -n '__gandi_ddns_is update' -a ip -d 'Show the address reported by each source'
complete -c gandi-ddns -n '__gandi_ddns_is update' -a get -d 'Print what the zone at Gandi holds'
complete -c gandi-ddns -n '__gandi_ddns_is update' -a setup -d 'Ask for everything, and write the config'

complete -c gandi-ddns -s c -l config -rF -d 'Read this config'
complete -c gandi-ddns -s o -l option -xa '(__gandi_ddns_keys)' -d 'Set a global key of the config'
complete -c gandi-ddns -s 4 -d 'Only IPv4 addresses and A records'
complete -c gandi-ddns -s 6 -d 'Only IPv6 addresses and AAAA records'
complete -c gandi-ddns -s v -l verbose -d 'Show each step'
complete -c gandi-ddns -s q -l quiet -d 'Show only errors'
complete -c gandi-ddns -s h -l help -d 'Show the help'
complete -c gandi-ddns -s V -l version -d 'Show the version'

complete -c gandi-ddns -n '__gandi_ddns_is update' -s n -l dry-run -d 'Show what would change'
complete -c gandi-ddns -n '__gandi_ddns_is update' -s f -l force -d 'Ignore cached results and backoff'
complete -c gandi-ddns -n '__gandi_ddns_is setup' -s f -l force -d 'Replace what exists already'
complete -c gandi-ddns -n '__gandi_ddns_is update' -l address -x -d 'Publish this address'
complete -c gandi-ddns -n '__gandi_ddns_is update' -l wait -x -d 'Retry temporary errors for up to this time'
complete -c gandi-ddns -n '__gandi_ddns_is update' -l splay -x -d 'Wait a random time before starting'
complete -c gandi-ddns -n '__gandi_ddns_is update watch' -l syslog -d 'Log to syslog'
complete -c gandi-ddns -n '__gandi_ddns_is watch' -l interval -x -d 'Update at least this often'
complete -c gandi-ddns -n '__gandi_ddns_is update check status ip get' -l json -d 'Print one JSON object'
complete -c gandi-ddns -n '__gandi_ddns_is check' -l redact -d 'Hide host names and IP addresses'
complete -c gandi-ddns -n '__gandi_ddns_is check' -l offline -d 'Check only the config and its files'
complete -c gandi-ddns -n '__gandi_ddns_is setup' -s y -l yes -d 'Ask nothing'

complete -c gandi-ddns -n 'not __gandi_ddns_is ip' -l domain -x -d 'The domain registered at Gandi'
complete -c gandi-ddns -n 'not __gandi_ddns_is ip' -l name -x -d 'A name in the domain'
complete -c gandi-ddns -n 'not __gandi_ddns_is ip' -l type -xa 'A AAAA' -d 'Type of the records'
complete -c gandi-ddns -n 'not __gandi_ddns_is ip' -l ttl -x -d 'TTL of the records'
