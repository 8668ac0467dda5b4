# shellcheck shell=sh
# The tests that qemu-user 7.2 cannot run, with the reason. scripts/test-cpu.sh leaves them out, for the targets whose
# TARGET_CANNOT names the fault.

# qemu_list FAULT: prints the reason, then the names of the tests or of their files, one per line.
qemu_list() {
    case $1 in
    auxv)
        cat <<'END'
qemu-i386 makes a file for /proc/self/auxv, which fails under a limit of the size of files
file_limit::output_that_does_not_fit_into_its_file_is_dropped
file_limit::record_is_updated_when_no_file_may_grow
file_limit::token_is_not_renewed_when_its_file_may_not_grow
END
        ;;
    big-endian)
        # It swaps some lengths in the answers of the kernel, and not others: getifaddrs finds a length of 0 and repeats
        # that entry for ever, in whatever test `check`, `ip`, `setup` or `watch` runs. /proc/net/route is that of the
        # host. On a real kernel they pass: `make test-board-mips` runs them.
        cat <<'END'
the answers of netlink are not converted for big-endian CPUs, so that getifaddrs never returns
check::
check_ids::
default_route::
default_sources::
interface_source::
lines::
router_source::
setup_
watch
accounts::output::check_names_the_account_of_each_line
accounts::output::family_without_records_of_an_account_leaves_its_token_alone
accounts::requests::section_may_have_another_api
accounts::requests::sharing_id_is_in_each_request_of_its_account
advice::family_with_a_connection_is_not_advised_to_leave_the_types
advice::family_without_a_connection_is_advised_to_leave_the_types
check_nameservers::nameservers_come_from_dns_when_gandi_does_not_say
clock::clock_of_the_far_future_ends_no_command_early
clock::every_command_works_after_the_overflow_of_32_bit_seconds
command_line::repeated_verbose_and_end_of_options_are_accepted
config_errors::name_with_a_public_ending_is_a_warning_of_check_only
domains::check_blames_the_section_if_the_token_has_access_to_another_one
domains::section_that_is_a_subdomain_gets_the_same_hint_with_403_and_404
domains::unknown_domain_may_be_of_another_organization
file_owners::what_only_root_and_the_user_can_change_is_used
first_write::address_that_was_never_written_is_named_before_its_replacement
forged_nat_pmp::forged_nat_pmp_answer_is_not_written
hostile::gandi::hostile_answer_about_the_token_does_not_fail_the_run
hostile::gandi::hostile_error_is_one_clean_line
hostile::gandi::hostile_json_of_a_record_leads_to_no_wrong_write
hostile::gandi::hostile_listing_costs_little_and_changes_nothing
hostile::router::hostile_router_gives_no_wrong_address
json_output::result_of_ip_fits_its_schema
legacy_configs::translation_of_a_large_config_is_bounded
notices::no_control_character_from_outside_is_printed
option_values::option_overrides_the_file_and_the_environment
option_values::option_sets_every_global_key_without_a_config_file
other_scripts::name_in_another_script_is_updated_and_shown_in_both_forms
other_scripts::redaction_hides_both_forms
redaction::address_in_a_response_is_hidden_in_any_punctuation
redaction::cname_target_and_record_values_are_hidden
redaction::name_in_a_response_is_hidden_in_any_script_and_case
redaction::names_in_paths_are_hidden_and_other_paths_stay
requests::every_request_to_livedns_reads_or_replaces
secrets::credential_of_an_unknown_form_is_hidden_in_every_line
state::lock_held_for_hours_is_told
state_directory::state_directory_of_others_is_refused_by_every_command
stdin_config::config_on_stdin_is_used_by_every_command
token_source::refused_token_is_named_by_its_source
token_variable::token_is_read_from_the_file_of_the_variable
trust::hint_that_contradicts_needs_one_more_vote
END
        ;;
    esac
}

# qemu_faults FAULT...: prints the names of the tests.
qemu_faults() {
    for fault; do qemu_list "$fault" | sed 1d; done
}

# qemu_reasons FAULT...: prints each reason with the names.
qemu_reasons() {
    for fault; do
        echo "left out under this qemu, since $(qemu_list "$fault" | head -n 1): $(qemu_faults "$fault" | paste -sd' ' -)"
    done
}
