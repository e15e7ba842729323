/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_outlook.h - what people are told of a job beside what they are told of any app: its last run, and its next.
 */
#pragma once

struct box_info;
struct places;

/* Fills in what box_info has of a job, where info->name is one. */
void job_describe(const struct places *places, struct box_info *info);
