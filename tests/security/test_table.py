"""Everything that such plugins have fallen to, and the test that each row has here."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

IDENTITY, LOGIN = "test_threats_identity", "test_threats_login"
PAGES, SECRETS = "test_threats_pages", "test_threats_secrets"
RESET, LINKS = "test_threats_reset", "test_threats_links"
THROTTLE, SESSIONS, SYNC = "test_throttle", "test_sessions", "../app/test_sync_doubts"

ROWS: dict[str, list[str]] = {
    "linked by e-mail or name unasked (CVE-2025-61783)": [
        f"{LOGIN}::test_linked_by_email_unasked_cve_2025_61783",
        f"{IDENTITY}::test_a_customer_with_a_staff_users_name_or_address_never_becomes_them",
    ],
    "logged in as the first hit of a search (CVE-2025-61922)": [
        f"{LOGIN}::test_first_hit_of_a_search_cve_2025_61922",
    ],
    "ids not scoped to the shop (CVE-2026-57176)": [
        f"{LOGIN}::test_ids_not_scoped_to_the_shop_cve_2026_57176",
        f"{IDENTITY}::test_ids_are_scoped_to_the_account_in_both_directions",
    ],
    "names compared by the database's collation (CVE-2024-32879)": [
        f"{LOGIN}::test_names_matched_by_collation_cve_2024_32879",
        f"{IDENTITY}::test_names_that_differ_in_case_or_accents_do_not_match",
        f"{IDENTITY}::test_names_that_differ_in_case_or_accents_do_not_match_on_mariadb",
    ],
    "a user name that moves, as identity (CVE-2025-65431)": [
        f"{LOGIN}::test_mutable_user_name_as_identity_cve_2025_65431",
        f"{IDENTITY}::test_a_name_that_moves_takes_no_user_along",
    ],
    "notices to an address that was typed (CVE-2019-19844)": [
        f"{SECRETS}::test_notices_go_to_the_address_that_erply_has_and_never_to_a_typed_one",
        f"{RESET}::test_unicode_case_in_reset_mail_cve_2019_19844",
    ],
    "sessions of the deactivated (CVE-2025-65430)": [
        f"{LOGIN}::test_deactivated_users_keep_their_session_cve_2025_65430",
        f"{IDENTITY}::test_a_user_who_is_deactivated_or_deleted_is_anonymous_at_the_next_request",
    ],
    "unequal work tells users apart (CVE-2024-39329, CVE-2025-13473)": [
        f"{LOGIN}::test_answers_that_tell_users_apart_cve_2024_39329_and_cve_2025_13473",
        f"{IDENTITY}::test_unknown_wrong_blocked_passwordless_and_inactive_cannot_be_told_apart",
    ],
    "inactive told before the password was checked (CVE-2018-6188)": [
        f"{LOGIN}::test_inactive_told_before_the_password_was_checked_cve_2018_6188",
    ],
    "sent to another site (GHSA-2jpr-83rg-v67j)": [
        f"{LOGIN}::test_open_redirect_ghsa_2jpr_83rg_v67j",
        f"{PAGES}::test_no_page_leads_to_another_site_after_log_in_log_out_save_or_cancel",
    ],
    "passwords kept (GHSA-vhr6-pvjm-9qwf, CVE-2021-21416)": [
        f"{LOGIN}::test_passwords_kept_ghsa_vhr6_pvjm_9qwf_and_cve_2021_21416",
        f"{SECRETS}::test_passwords_stay_nowhere",
        f"{SECRETS}::test_an_error_mail_about_a_500_deep_in_the_client_masks_everything",
        f"{SECRETS}::test_an_error_mail_about_a_500_in_a_view_masks_everything",
    ],
    "the client: secrets in addresses, logs and representations; HTTP without TLS": [
        f"{LOGIN}::test_passwords_and_keys_in_urls",
        f"{SECRETS}::test_recorded_addresses_hold_no_secret_and_no_personal_value",
        f"{SECRETS}::test_debug_logs_and_every_repr_carry_no_secret_and_no_personal_value",
        f"{SECRETS}::test_nothing_is_sent_over_plain_http_to_another_machine",
    ],
    "somebody else's record (CVE-2026-31820, CVE-2026-24136, CVE-2020-7964, CVE-2025-15033)": [
        f"{PAGES}::test_a_foreign_id_is_not_found_and_nothing_is_written",
        f"{PAGES}::test_posted_owners_customers_groups_and_companies_are_ignored",
    ],
    "pages in a shared cache (CVE-2014-1418)": [
        f"{LOGIN}::test_pages_in_a_shared_cache_cve_2014_1418",
        f"{PAGES}::test_no_page_of_two_members_meets_in_a_shared_cache",
    ],
    "input that addresses what is kept (CVE-2011-4136)": [
        f"{LOGIN}::test_input_that_addresses_what_is_kept_cve_2011_4136",
        f"{PAGES}::test_nothing_typed_addresses_a_session_or_what_is_kept",
    ],
    "a forged Host header (CVE-2012-4520, CVE-2011-4139)": [
        f"{LOGIN}::test_forged_host_cve_2012_4520",
        f"{LINKS}::test_host_header_in_reset_links_cve_2012_4520_and_cve_2011_4139",
        f"{LINKS}::test_the_token_is_in_no_log_and_no_referer",
    ],
    "session fixation and a soft log-out": [
        f"{LOGIN}::test_session_fixation_and_soft_log_out",
        f"{SESSIONS}::test_session_fixation",
        f"{SESSIONS}::test_soft_log_out",
    ],
    "changes on GET, forms without a token (CVE-2019-13594)": [
        f"{LOGIN}::test_changes_on_get_cve_2019_13594",
        f"{PAGES}::test_every_get_twice_changes_nothing",
        f"{PAGES}::test_every_post_without_its_token_is_refused_and_changes_nothing",
        f"{PAGES}::test_every_form_of_every_page_posts_with_a_token",
    ],
    "an empty list that lets everybody in (CVE-2026-48744)": [
        f"{LOGIN}::test_an_empty_list_that_lets_everybody_in_cve_2026_48744",
        f"{PAGES}::test_what_is_empty_grants_nothing",
    ],
    "forged lines in a log": [
        f"{LOGIN}::test_log_injection",
        f"{PAGES}::test_no_line_of_any_log_can_be_forged",
    ],
    "outages taken for wrong passwords (zulip 13131)": [
        f"{LOGIN}::test_outages_taken_for_wrong_passwords_zulip_13131",
        f"{IDENTITY}::test_accepted_rejected_and_cannot_tell_are_three_outcomes",
        f"{SYNC}::test_whatever_goes_wrong_closes_nobody",
    ],
    "a reset that writes to another than the mailed id (CVE-2025-61922)": [
        f"{RESET}::test_first_hit_of_a_prefix_search_cve_2025_61922",
        f"{RESET}::test_no_code_path_logs_in_after_a_search_cve_2025_61783",
        f"{LINKS}::test_a_foreign_token_opens_nothing",
    ],
    "a failing mail server that tells accounts apart": [
        f"{RESET}::test_a_failing_mail_server_tells_no_accounts_apart",
        f"{RESET}::test_erply_failing_after_the_search_is_the_same_answer",
    ],
    "throttles that leak (allauth 0.44 to 65.14.2, axes before 5.20)": [
        f"{THROTTLE}::test_case_width_and_space_variants_of_a_name_are_one_name",
        f"{THROTTLE}::test_an_own_success_clears_no_counter_of_the_address",
        f"{THROTTLE}::test_a_forwarded_address_that_nobody_vouches_for_is_ignored",
        f"{THROTTLE}::test_guesses_that_come_all_at_once_are_all_counted",
        f"{THROTTLE}::test_an_empty_name_is_neither_asked_about_nor_counted",
    ],
    "lock-outs as a weapon (axes PR 5, #261)": [
        f"{THROTTLE}::test_guessing_at_one_member_locks_no_other",
        f"{THROTTLE}::test_a_member_gets_in_from_a_known_device_whoever_guesses",
        "test_quota_reserve::test_members_who_have_been_here_get_in_on_any_device",
    ],
    "an empty or thin answer taken for truth": [
        f"{SYNC}::test_an_erply_that_finds_nobody_is_not_believed",
        f"{SYNC}::test_when_too_many_seem_gone_nobody_is_closed",
        f"{SYNC}::test_an_answer_that_cannot_be_meant_closes_nobody_and_changes_nobody",
    ],
}


def names_in(file: str) -> set[str]:
    path = HERE / f"{file}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_tests_that_exist(row: str) -> None:
    assert ROWS[row]
    for file, _, name in (test.partition("::") for test in ROWS[row]):
        assert name in names_in(file), name
