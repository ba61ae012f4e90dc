/* What a program of Solana gets and can call, as far as ours need it. Everything is inlined: a program is one function. */
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define INLINE static inline __attribute__((always_inline))

/* Agave's system calls. */
extern u64 sol_memcmp_(const u8 *a, const u8 *b, u64 length, int *result);
extern u64 sol_memcpy_(u8 *to, const u8 *from, u64 length);
extern u64 sol_memset_(u8 *to, u8 byte, u64 length);
extern u64 sol_set_return_data(const u8 *data, u64 length);
extern u64 sol_get_return_data(u8 *data, u64 length, u8 *program);
extern u64 sol_invoke_signed_c(const void *instruction, const void *accounts, int count, const void *seeds, int signers);

#define KEY_BYTES 32
/* Room behind the data of each account in the input. */
#define SPARE_BYTES 10240

/* An account of the input, as the system takes it for a call. */
typedef struct {
    u8 *key;
    u64 *lamports;
    u64 size;
    u8 *data;
    u8 *owner;
    u64 rent_epoch;
    u8 is_signer;
    u8 is_writable;
    u8 executable;
} account_t;

/* The input, after its accounts. */
typedef struct {
    u64 count;
    const u8 *data;
    u64 size;
    const u8 *program;
} input_t;

/* An instruction for sol_invoke_signed_c. */
typedef struct {
    u8 *key;
    u8 is_writable;
    u8 is_signer;
} meta_t;

typedef struct {
    const u8 *program;
    const meta_t *accounts;
    u64 account_count;
    const u8 *data;
    u64 data_size;
} instruction_t;

/* Seeds of a program address that signs. */
typedef struct {
    const u8 *bytes;
    u64 size;
} bytes_t;

typedef struct {
    const bytes_t *seeds;
    u64 count;
} signer_t;

/* Has the system program move lamports from an account that signs. */
INLINE u64 transfer(const account_t *accounts, int count, u8 *from, u8 *to, const u8 *system, u64 lamports) {
    meta_t metas[2] = {{from, 1, 1}, {to, 1, 0}};
    u8 data[12] = {2, 0, 0, 0};
    *(u64 *)(data + 4) = lamports;
    instruction_t instruction = {system, metas, 2, data, sizeof(data)};
    return sol_invoke_signed_c(&instruction, accounts, count, 0, 0);
}

INLINE u64 read_u64_be(const u8 *at) {
    u64 value = 0;
    for (int i = 0; i < 8; i++) value = value * 256 + at[i];
    return value;
}

INLINE int same(const u8 *a, const u8 *b, u64 length) {
    int difference = 1;
    sol_memcmp_(a, b, length, &difference);
    return difference == 0;
}

/* Reads the input of loader-v2 and later (https://solana.com/docs/programs/lang-c: serialized accounts); at most `most` accounts are kept. */
INLINE int read_input(const u8 *at, account_t *accounts, u64 most, input_t *input) {
    u64 count = *(const u64 *)at;
    at += 8;
    if (count > most) return 0;
    for (u64 i = 0; i < count; i++) {
        u8 original = *at;
        if (original != 0xff) {
            if (original >= i) return 0;
            accounts[i] = accounts[original];
            at += 8;
            continue;
        }
        account_t *account = &accounts[i];
        account->is_signer = at[1];
        account->is_writable = at[2];
        account->executable = at[3];
        account->key = (u8 *)at + 8;
        account->owner = (u8 *)at + 40;
        account->lamports = (u64 *)(at + 72);
        account->size = *(const u64 *)(at + 80);
        account->data = (u8 *)at + 88;
        at += 88 + account->size + SPARE_BYTES;
        at += (8 - ((u64)at & 7)) & 7;
        account->rent_epoch = *(const u64 *)at;
        at += 8;
    }
    input->count = count;
    input->size = *(const u64 *)at;
    input->data = at + 8;
    input->program = at + 8 + input->size;
    return 1;
}
