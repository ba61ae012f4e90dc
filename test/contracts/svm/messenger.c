/*
 * Says and hears through the gateway whatever it is told to, as the program address of the seed [bump].
 *
 *     bump u8 ‖ data of the gateway's instruction; accounts: the gateway's state, the program address, the gateway
 *
 * A body that it hears it logs by its return data. Data without anything behind the bump fails.
 */
#include "sbf.h"

#define MOST_ACCOUNTS 3

u64 entrypoint(const u8 *at) {
    account_t accounts[MOST_ACCOUNTS];
    input_t input;
    if (!read_input(at, accounts, MOST_ACCOUNTS, &input) || input.count != MOST_ACCOUNTS) return 100;
    if (input.size < 2) return 101;
    meta_t metas[2] = {
        {accounts[0].key, accounts[0].is_writable, 0},
        {accounts[1].key, 0, 1},
    };
    instruction_t instruction = {accounts[2].key, metas, 2, input.data + 1, input.size - 1};
    bytes_t seed = {input.data, 1};
    signer_t signer = {&seed, 1};
    return sol_invoke_signed_c(&instruction, accounts, MOST_ACCOUNTS, &signer, 1);
}
