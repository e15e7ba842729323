/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_default.S - the default profile as bytes inside the program.
 */
	.section .rodata
	.global seccomp_default_start
	.global seccomp_default_end
	.balign 8
seccomp_default_start:
	.incbin "runtime/seccomp/seccomp_default.json"
seccomp_default_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
