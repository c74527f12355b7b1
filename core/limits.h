/*
 * How much an untrusted stream may make us hold. What goes over a limit is counted invalid (records) or refused (chunks), never half done.
 * The figures are far above what real programs reach: the kernel's own limits are vm.max_map_count 65,530 and pid_max 4,194,304.
 */
#ifndef VA_LIMITS_H
#define VA_LIMITS_H

#define VA_LIMIT_VMAS (1u << 20)          /* of one map, and so of one RANGE */
#define VA_LIMIT_MMS (1u << 20)           /* maps, also those that have ended */
#define VA_LIMIT_TASKS (1u << 20)         /* threads, also those that have ended */
#define VA_LIMIT_TEXTS (1u << 20)         /* texts by number … */
#define VA_LIMIT_TEXT_BYTES (256u << 20)  /* … and by bytes */
#define VA_LIMIT_OBJECTS (1u << 16)       /* mapped ELF files */
#define VA_LIMIT_META (1u << 10)          /* facts about the recording, each at most VA_LIMIT_META_BYTES */
#define VA_LIMIT_META_BYTES (64u << 10)
#define VA_LIMIT_PROOF_BYTES (512u << 20) /* of proofs that wait for their moment */
#define VA_LIMIT_HISTORY (1u << 30)       /* of records that a window keeps of what arrives; --history=MIB */
#define VA_LIMIT_LOSS_WINDOWS 64          /* recent losses on the faults channel a map remembers one by one */

#endif
