/* A plugin of qemu's that counts what a program of arm64 executes (of another processor, its instructions), a function
 * a line:
 *   instructions, vectors of multiply-adds, vectors loaded or stored, of these to or from the stack, name
 * Between two calls of getppid all functions are counted together, and the line has no name.
 *
 * qemu 7.2's plugin interface, version 1, as far as it is used here: Debian ships no header of it. The counts are
 * those of one thread. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*exit_cb)(qemu_plugin_id_t, void *);
typedef void (*syscall_cb)(qemu_plugin_id_t, unsigned, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated_cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, exit_cb, void *);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, syscall_cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int operation, void *, uint64_t);

SHOWN int qemu_plugin_version = 1;

typedef struct row {
  const char *name;
  uint64_t instructions, products, vectors, stack;
  struct row *next;
} row;

static row *rows[4096];
static FILE *file;

static row *row_of(const char *name) {
  uint32_t hash = 0;
  if (!name) name = "(elsewhere)";
  for (const char *c = name; *c; c++) hash = hash * 31 + (unsigned char)*c;
  row **place = &rows[hash % 4096];
  for (; *place; place = &(*place)->next)
    if (!strcmp((*place)->name, name)) return *place;
  row *made = calloc(1, sizeof *made);
  if (!made) abort();
  made->name = strdup(name);
  return *place = made;
}

static void add_one(struct qemu_plugin_insn *instruction, uint64_t *counter) {
  qemu_plugin_register_vcpu_insn_exec_inline(instruction, 0, counter, 1);
}

/* fmla and fmls of four floats, by vector and by element. */
static int multiplies(uint32_t word) {
  return (word & 0xff60fc00) == 0x4e20cc00 || (word & 0xffc0b400) == 0x4f801000;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
    row *found = row_of(qemu_plugin_insn_symbol(instruction));
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(instruction), 4);
    add_one(instruction, &found->instructions);
    if (multiplies(word)) add_one(instruction, &found->products);
    if ((word & 0x0e000000) == 0x0c000000) { /* loads and stores of vector registers */
      add_one(instruction, &found->vectors);
      if ((word >> 5 & 31) == 31) add_one(instruction, &found->stack);
    }
  }
}

static void show(const row *r) {
  fprintf(file, "%llu %llu %llu %llu %s\n", (unsigned long long)r->instructions, (unsigned long long)r->products,
          (unsigned long long)r->vectors, (unsigned long long)r->stack, r->name);
}

static row total(void) {
  row sum = {.name = ""};
  for (int i = 0; i < 4096; i++)
    for (row *r = rows[i]; r; r = r->next) {
      sum.instructions += r->instructions;
      sum.products += r->products;
      sum.vectors += r->vectors;
      sum.stack += r->stack;
    }
  return sum;
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  static row before;
  static int inside;
  (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != 173) return; /* getppid */
  row now = total();
  if (inside) {
    show(&(row){"", now.instructions - before.instructions, now.products - before.products,
                now.vectors - before.vectors, now.stack - before.stack, NULL});
  }
  before = now;
  inside = !inside;
}

static void finished(qemu_plugin_id_t id, void *nothing) {
  (void)id, (void)nothing;
  for (int i = 0; i < 4096; i++)
    for (row *r = rows[i]; r; r = r->next)
      if (r->instructions) show(r);
  fclose(file);
}

/* Arguments: to=PATH, where the lines go. */
SHOWN int qemu_plugin_install(qemu_plugin_id_t id, const void *information, int count, char **words) {
  (void)information;
  for (int i = 0; i < count; i++)
    if (!strncmp(words[i], "to=", 3)) file = fopen(words[i] + 3, "w");
  if (!file) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  qemu_plugin_register_atexit_cb(id, finished, NULL);
  return 0;
}
