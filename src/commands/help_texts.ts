/** The help of each command: made by `npm run help`, so that nothing must be loaded to print it. */
export const HELP_TEXTS: Readonly<Record<string, string>> = {
  train: String.raw`seg train
> Train a network on a data set folder, from scratch or from any ONNX file. Ctrl-C saves, --resume continues to the same bits; --fold all trains every fold and scores each case by the model that has not seen it

ARGUMENTS:
  [dataset] - data set folder; not with --resume

OPTIONS:
  --out <folder>                   - folder of the run (runs/<date>)
  --config <file>                  - JSON or YAML file with options by name, such as the config.json of a run; the command line wins
  --resume <folder>                - folder of a run to continue
  --epochs <n>                     - epochs (50)
  --validate-every <n>             - epochs from one validation to the next; the last epoch always has one (1)
  --patience <n>                   - stop after this many epochs without a better score; 0: never (0)
  --time-budget <duration>         - stop after the epoch in which this time is over, e.g. 2h; with --fold all it is shared out
  --threads <n>                    - threads of the network (all cores)
  --provider <name>                - execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)
  --layout <name>                  - layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)
  --map <a:b,…>                    - take label values for others, e.g. 4:3
  --ignore <a,b,…>                 - label values or names whose voxels are left out of losses and scores ("ignore", where there is one)
  --group <pattern>                - regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices
  --spacing <x,y,z>                - for PNG and TIFF slices: sizes of columns, rows and slices in mm
  --channels <a,b,…>               - channels by number or name, e.g. 0,1 (all)
  --labels <a,b,…>                 - labels by value or name, or "whole" (all)
  --plane <axial|coronal|sagittal> - plane of the slices (across the largest spacing)
  --net <name>                     - j-net, elu-net, u-net, mobile-u-net, unext, enet, esp-net, fast-scnn, lr-aspp (j-net)
  --head <name>                    - what raises the size of its output: j, none, bilinear-loss, sub-pixel, sub-pixel-4, guided, residual (j for j-net, else bilinear-loss)
  --width <n>                      - channels of the first level (16)
  --input-size <n>                 - side of the square that the network reads (64)
  --output-size <n>                - side of the square that it writes (256)
  --init <file>                    - ONNX file to start from, of any origin
  --freeze <a,b,…>                 - patterns of parameters that stay, e.g. "enc.*"
  --loss <name>                    - bce, ce, dice, dice-bce, dice-ce, focal: dice-… are sums (bce for one class, ce for several)
  --class-weights <a,b,…>          - weights of the classes in the loss, background first, e.g. 1,5 (1 each)
  --level-weights <equal|halving>  - weights of the losses of the levels: equal or halving (equal)
  --level-targets <area|nearest>   - what levels smaller than the output learn: the share of a pixel that is covered, or the mask at its centre (area)
  --optimizer <adam|adamw|sgd>     - adam, adamw, or sgd with Nesterov momentum (adam)
  --momentum <number>              - Nesterov momentum of sgd (0.9)
  --learning-rate <number>         - learning rate (0.003)
  --schedule <name>                - of the learning rate: constant, poly, cosine, one-cycle (poly)
  --warm-up-steps <n>              - warm-up: steps in which the learning rate rises from 0 in a line (0)
  --weight-decay <number>          - weight decay of adamw and sgd, not of biases and normalization (0)
  --clip-norm <number>             - clip gradients to this norm of all of them together (no limit)
  --average-decay <number>         - exponential moving average (EMA) of the weights: share of the old ones, e.g. 0.999; 0: none (0)
  --batch <n>                      - slices per step (16)
  --steps-per-epoch <n>            - steps of an epoch at least: small data sets are gone through several times (100)
  --augment <name>                 - none, flips, mri, mri-strong (mri-strong for one class, none for several)
  --mirror <name>                  - axes along which the augmentation mirrors: none, horizontal, vertical or both (by the augmentation)
  --foreground-share <number>      - share of every batch from slices with foreground alone (0)
  --background-ratio <number>      - slices without foreground per slice with foreground, at most (0.5)
  --seed <n|auto/n>                - seed of everything random, or auto/n: one of n by the number of the task (0)
  --fold <n|all|auto>              - fold that is left out for validation; all: every fold in turn, their scores pooled; auto: by the number of the task in an array job, into fold_<i> of --out (0)
  --folds <n>                      - folds (5)
  --split-file <file>              - folds in nnU-Net's format, in place of made ones

FLAGS:
  --continue             - start the run in --out, continue it where it is begun, leave it where it is done, and score it in the end: for jobs that may be started again
  --tensorboard          - write losses, scores, learning rate and pictures of validation cases for TensorBoard into the run's folder
  --ignore-origin        - accept masks whose origin or direction differs
  --new-head             - with --init: fresh outputs for the classes of this data set; all weights before them are kept
  --freeze-normalization - keep running averages as they are
  --json                 - print one JSON document to stdout
  --help, -h             - show help

EXAMPLES:

  with the defaults
  $ seg train Task04_Hippocampus --out runs/hippocampus

  within two hours, two channels, the whole tumour
  $ seg train BraTS --channels flair,t1ce --labels whole --time-budget 2h

  5-fold cross-validation
  $ seg train Task04_Hippocampus --folds 5 --fold all --out runs/cv

  another task from the weights of a model
  $ seg train Task04_Hippocampus --init tumours.onnx --new-head

  a fold per task of an array job, which may be started again
  $ seg train Task04_Hippocampus --folds 5 --fold auto --out runs/cv

  continue
  $ seg train --resume runs/hippocampus --epochs 100

  repeat a run with another seed
  $ seg train --config runs/hippocampus/config.json --seed 1 --out runs/seed-1`,
  predict: String.raw`seg predict
> Make masks on the images' own grids, in the label values of the training data. Masks that exist are skipped

ARGUMENTS:
  <model>    - model file (.onnx) of seg train or export, or engine (.engine) of seg export --trt
  [...input] - volumes (.nii.gz, .nii), slices (.png, .tif), folders of them, or data set folders

OPTIONS:
  --out <folder>               - folder for the masks
  --threshold <number>         - probability from which on a voxel belongs to a class (the model's own)
  --minimum-volume-ml <number> - remove connected parts of a class that are smaller, in ml, e.g. 0.05
  --part <i/n|auto/n>          - only part i of n of the cases, e.g. 2/4, to share the work; auto/n: by the number of the task in an array job; seg merge joins the parts
  --layout <name>              - layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)
  --threads <n>                - threads of the network (all cores)
  --provider <name>            - execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)
  --trtexec <file>             - path of trtexec, for engines (PATH, then that of JetPack)

FLAGS:
  --overlay           - write pictures with the masks on the images
  --probabilities     - write the probabilities (float32, a class per channel)
  --mirror            - average with the left-right mirror image, for models trained with it; takes twice the time
  --fill-holes        - fill holes inside of masks
  --largest-component - keep the largest connected part of every class alone
  --force             - overwrite files that exist
  --json              - print one JSON document to stdout
  --help, -h          - show help

EXAMPLES:

  one volume
  $ seg predict model.onnx scan.nii.gz --out masks --overlay

  one organ without specks
  $ seg predict model.onnx scans/ --out masks --fill-holes --largest-component

  a folder, on two machines
  $ seg predict model.onnx scans/ --out masks --part 1/2

  a part per task of an array job, which may be started again
  $ seg predict model.onnx scans/ --out masks --part auto/8`,
  evaluate: String.raw`seg evaluate
> Score a model, or masks made before, against the masks of a data set, on the images' own grids and in mm

ARGUMENTS:
  [...model dataset] - model file or engine, and data set folder; with --predictions the data set folder alone

OPTIONS:
  --predictions <folder>           - folder of masks named after the cases, in place of a model
  --out <folder>                   - folder for report.html, metrics.json, metrics.csv (cases) and summary.csv (means, intervals, worst cases)
  --metrics <a,b,…>                - some of dice,iou,sensitivity,specificity,precision,hd,hd95,assd,masd,nsd,lesions,volume, all shown in the table (all computed, the main ones shown)
  --tolerance-mm <number>          - tolerance of the normalized surface distance (twice the largest spacing within a slice)
  --empty <nnunet|one|monai|brats> - what empty masks score: nnunet, one, monai or brats (nnunet)
  --hd95 <max|pooled|surfel>       - definition of HD95: max of the directed ones, pooled, or by surfel (max)
  --split <val|all>                - cases: those the model was validated on, or all (val where the model names them)
  --labels <a,b,…>                 - with --predictions: labels by value or name, or "whole" (all)
  --threshold <number>             - probability from which on a voxel belongs to a class (the model's own)
  --minimum-volume-ml <number>     - remove connected parts of a class that are smaller, in ml, e.g. 0.05
  --compare <file>                 - metrics.json of another model on the same cases: paired differences, interval, Wilcoxon test
  --layout <name>                  - layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)
  --map <a:b,…>                    - take label values for others, e.g. 4:3
  --ignore <a,b,…>                 - label values or names whose voxels are left out of losses and scores ("ignore", where there is one)
  --group <pattern>                - regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices
  --spacing <x,y,z>                - for PNG and TIFF slices: sizes of columns, rows and slices in mm
  --threads <n>                    - threads of the network (all cores)
  --provider <name>                - execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)
  --trtexec <file>                 - path of trtexec, for engines (PATH, then that of JetPack)

FLAGS:
  --mirror            - average with the left-right mirror image, for models trained with it; takes twice the time
  --fill-holes        - fill holes inside of masks
  --largest-component - keep the largest connected part of every class alone
  --resolutions       - scores at the size of the network, of the head and on the original grid, side by side
  --ablate-head       - what the head buys: the answer against level 0 of the same model, interpolated linearly
  --ignore-origin     - accept masks whose origin or direction differs
  --force             - overwrite files that exist
  --json              - print one JSON document to stdout
  --help, -h          - show help

EXAMPLES:

  a model on its validation cases
  $ seg evaluate runs/a/best.onnx Task04_Hippocampus

  masks of any origin
  $ seg evaluate --predictions masks Task04_Hippocampus --out scores

  a surface metric as a paper defines it
  $ seg evaluate best.onnx BraTS --metrics dice,nsd --tolerance-mm 1

  against another model on the same cases
  $ seg evaluate b.onnx BraTS --compare scores_a/metrics.json

  what resolution and head do
  $ seg evaluate best.onnx BraTS --resolutions --ablate-head`,
  report: String.raw`seg report
> Write report.html of a training run, a cross-validation or an evaluation anew, from the files of its folder: curves, scores, cases, pictures and benchmarks in one file

ARGUMENTS:
  <folder> - folder of seg train --out or seg evaluate --out

OPTIONS:
  --bench <file> - report of seg bench --out to show; bench*.json in the folder are shown in any case

FLAGS:
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  of a run, with a benchmark
  $ seg report runs/first --bench nano.json

  of an evaluation
  $ seg report scores`,
  view: String.raw`seg view
> Show a volume with reference, prediction and probabilities in the browser: three planes and 3-D. The page is served to this machine alone, needs no network, and ends with Ctrl-C

ARGUMENTS:
  <volume> - NIfTI file to show

OPTIONS:
  --reference <file>     - mask of a person, on the grid of the volume
  --prediction <file>    - mask of a network, on the grid of the volume
  --probabilities <file> - file of seg predict --probabilities, with a slider for the threshold
  --port <n>             - port of 127.0.0.1 (any free one)
  --screenshot <file>    - write a picture of the page and end; needs Chromium or Chrome, which SEG_CHROMIUM may name

FLAGS:
  --open     - open the page in the browser
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  a scan with both masks
  $ seg view scan.nii.gz --reference mask.nii.gz --prediction masks/scan.nii.gz

  a picture alone
  $ seg view scan.nii.gz --prediction masks/scan.nii.gz --screenshot scan.png`,
  tune: String.raw`seg tune
> Search the threshold with the best Dice on the cases that the model was validated on, or for several classes the weight of each one's probability, and save it in the model's metadata, where seg predict, evaluate and export find it. Without --out or --force it is shown alone

ARGUMENTS:
  <model>   - model file (.onnx) of seg train
  <dataset> - the data set folder that the model was trained on

OPTIONS:
  --out <file>      - file for the tuned model
  --split <val|all> - cases: those the model was validated on, or all, for a data set of its own (val)
  --layout <name>   - layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)
  --map <a:b,…>     - take label values for others, e.g. 4:3
  --ignore <a,b,…>  - label values or names whose voxels are left out of losses and scores ("ignore", where there is one)
  --group <pattern> - regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices
  --spacing <x,y,z> - for PNG and TIFF slices: sizes of columns, rows and slices in mm
  --threads <n>     - threads of the network (all cores)
  --provider <name> - execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)

FLAGS:
  --force         - overwrite --out, or without --out the model itself
  --mirror        - average with the left-right mirror image, if the model is to be used so
  --ignore-origin - accept masks whose origin or direction differs
  --json          - print one JSON document to stdout
  --help, -h      - show help

EXAMPLES:

  look
  $ seg tune runs/a/best.onnx BraTS

  save as another file
  $ seg tune runs/a/best.onnx BraTS --out tuned.onnx`,
  cluster: String.raw`seg cluster
> Write an array job that runs one command as many times as it has folds, seeds or parts: a batch script for Slurm, or a manifest for Kubernetes. It is written or printed, never handed in. The command stands behind --, with --fold auto, --seed auto/n or --part auto/n in it

ARGUMENTS:
  <scheduler>  - slurm or kubernetes
  [...command] - behind --: the command of a task, e.g. -- seg train DATASET --fold auto --out runs/cv

OPTIONS:
  --out <file>         - the file to write (printed)
  --name <name>        - name of the job (seg-<command>)
  --at-once <n>        - tasks that may run at the same time (all)
  --cores <n>          - processor cores of a task, and threads where the command names none (4)
  --memory <size>      - memory of a task, e.g. 8G (8G)
  --gpus <n>           - graphics processors of a task (0)
  --tasks <n>          - tasks of a command that is no seg train or predict (by the command)
  --program <program>  - how seg is called on the nodes or in the image (seg)
  --time <duration>    - slurm: time limit of a task, e.g. 4h
  --setup <program>    - slurm: a line of shell before the command, e.g. "module load nodejs"
  --image <image>      - kubernetes: image with seg in it
  --mount <claim:path> - kubernetes: claim:path or claim:path:ro, a volume claim and where it is seen; may stand several times
  --user-id <n>        - kubernetes: user and group of the processes (1000)

FLAGS:
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  5 folds, 2 at once
  $ seg cluster slurm --at-once 2 --time 4h --out cv.sh -- seg train DATASET --fold auto --out runs/cv

  8 parts of a prediction
  $ seg cluster kubernetes --image seg:1 --mount scans:/scans:ro --mount masks:/masks -- seg predict /masks/model.onnx /scans --part auto/8 --out /masks/all`,
  merge: String.raw`seg merge
> Join what the tasks of an array job made, in whatever order and place: folds to one cross-validation, seeds side by side, parts of a prediction to one folder of masks. Gaps, duplicates and parts of different settings are refused

ARGUMENTS:
  [...folder] - the --out of the array job, or the folders of its parts

OPTIONS:
  --out <folder> - folder for the result; needed for several folders (the folder itself)

FLAGS:
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  after seg train --fold auto --out runs/cv
  $ seg merge runs/cv

  parts of a prediction from two machines
  $ seg merge masks-a masks-b --out masks`,
  ensemble: String.raw`seg ensemble
> Join models, such as those of the folds of a cross-validation, into one ONNX file that averages their logits: seg predict, evaluate and export take it as any model. It costs as much time as all of them

ARGUMENTS:
  [...model] - two or more model files with the same channels, sizes, labels and outputs

OPTIONS:
  --out <file> - the model to write

FLAGS:
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  after seg train --fold all --out runs/cv
  $ seg ensemble runs/cv/fold_*/best.onnx --out ensemble.onnx

  of two seeds
  $ seg ensemble runs/a/best.onnx runs/b/best.onnx --out both.onnx --force`,
  export: String.raw`seg export
> Make a model for inference: normalization folded, the answer alone, static shapes, an opset that the target reads; with --trt a TensorRT engine

ARGUMENTS:
  <model> - ONNX file of any origin

OPTIONS:
  --out <folder>                      - folder for model.onnx and model.engine (export)
  --target <name>                     - device: nano, nano-2gb, tx2, xavier-nx, agx-xavier, orin-nano, orin-nano-super, orin-nano-4gb, orin-nx, orin-nx-8gb, agx-orin, agx-orin-32gb, thor, nano-4.6.0, orin-nano-5, host; with another TensorRT e.g. orin-nano@8.6 (the Jetson this runs on, else nano)
  --workspace <n>                     - memory for TensorRT's tactics in MiB (512)
  --trtexec <file>                    - path of trtexec, for engines (PATH, then that of JetPack)
  --kit <folder>                      - folder to write that builds, checks and times the engine where nothing but JetPack is
  --parity <folder>                   - data set on which the result must give the masks of the model
  --parity-cases <n>                  - how many cases of it (3)
  --max-dice-drop <number>            - drop of the mean Dice that is allowed (0.005)
  --opset <n>                         - version of ONNX's operators (13)
  --batch <n>                         - images per run (1)
  --outputs <a,b,…>                   - outputs to keep (the answer)
  --activation <none|sigmoid|softmax> - what to compute after the logits: none, sigmoid or softmax (none)
  --dimensions <name=n,…>             - sizes of symbolic dimensions of an ONNX file, e.g. height=256,width=256

FLAGS:
  --trt      - build an engine with the trtexec of this machine
  --fp16     - build in half precision (where the target has it)
  --no-fp16  - build in single precision
  --int8     - not built: a Nano has no INT8 arithmetic, and calibration needs a device
  --dry-run  - write nothing: show the command line and what stands in its way
  --fuse     - one transposed convolution for every chain of upsampling ones
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  for any runtime
  $ seg export runs/a/best.onnx --out export

  on a Jetson Nano
  $ seg export best.onnx --trt --parity DATASET

  for a Nano with JetPack alone
  $ seg export best.onnx --kit nano-kit

  what trtexec would be told
  $ seg export best.onnx --trt --dry-run`,
  bench: String.raw`seg bench
> Measure latency percentiles, throughput, memory and stage times, in a process of its own

ARGUMENTS:
  [model] - ONNX file, or engine of seg export --trt

OPTIONS:
  --import <folder>               - folder result that a kit brought back, in place of a model
  --backend <onnxruntime|trtexec> - onnxruntime for ONNX files, trtexec for engines (by the file)
  --trtexec <file>                - path of trtexec, for engines (PATH, then that of JetPack)
  --batch <n>                     - images per run (1)
  --warm-up <duration>            - uncounted time first (0.5s)
  --duration <duration>           - time to measure, or longer for 100 runs (10s)
  --input <folder>                - data set folder whose images the stage times are taken on (a made-up volume)
  --target <name>                 - device of the roofline: nano, nano-2gb, tx2, xavier-nx, agx-xavier, orin-nano, orin-nano-super, orin-nano-4gb, orin-nx, orin-nx-8gb, agx-orin, agx-orin-32gb, thor, nano-4.6.0, orin-nano-5, host; with another TensorRT e.g. orin-nano@8.6
  --dimensions <name=n,…>         - sizes of symbolic dimensions of an ONNX file, e.g. height=256,width=256
  --compare <file>                - report of another seg bench --json or --out
  --out <file>                    - file for the report
  --threads <n>                   - threads of the network (all cores)
  --provider <name>               - execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)

FLAGS:
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  on one thread, 20 seconds
  $ seg bench model.onnx --threads 1 --duration 20s --out one.json

  against figures of before
  $ seg bench model.onnx --threads 1 --compare one.json`,
  build: String.raw`seg build
> Write an untrained network as ONNX, to measure it before anything is trained

OPTIONS:
  --net <name>                   - network: j-net, elu-net, u-net, mobile-u-net, unext, enet, esp-net, fast-scnn, lr-aspp (j-net)
  --head <name>                  - what raises the size of its output: j, none, bilinear-loss, sub-pixel, sub-pixel-4, guided, residual (j for j-net, else bilinear-loss)
  --width <n>                    - channels of the first level (16)
  --input-size <n>               - side of the square that the network reads, in pixels (64)
  --output-size <n>              - side of the square that it writes (256)
  --channels <n>                 - channels of the images (1)
  --classes <n>                  - classes besides the background (1)
  --activation <sigmoid|softmax> - how classes are decided (sigmoid for 1 class, softmax for more)
  --seed <n>                     - seed of the initial weights (0)
  --out <file>                   - file to write (<net>.onnx)

FLAGS:
  --force    - overwrite files that exist
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  J-Net of half the width
  $ seg build --net j-net --width 8 --out small.onnx

  four channels, three classes
  $ seg build --channels 4 --classes 3 --out tumour.onnx`,
  inspect: String.raw`seg inspect
> Show layers, parameters, FLOPs, bytes and metadata of an ONNX file, what TensorRT lacks, and whether it can be trained

ARGUMENTS:
  [model] - ONNX file of any origin

OPTIONS:
  --target <name>         - device: nano, nano-2gb, tx2, xavier-nx, agx-xavier, orin-nano, orin-nano-super, orin-nano-4gb, orin-nx, orin-nx-8gb, agx-orin, agx-orin-32gb, thor, nano-4.6.0, orin-nano-5, host; with another TensorRT e.g. orin-nano@8.6 (nano)
  --dimensions <name=n,…> - sizes of symbolic dimensions of an ONNX file, e.g. height=256,width=256

FLAGS:
  --layers   - list every layer
  --card     - show the model card of a model of seg alone
  --ops      - list the ops that seg knows, in place of a model
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  what a Jetson Nano makes of it
  $ seg inspect model.onnx --target nano --layers

  what it was trained on, for people
  $ seg inspect model.onnx --card

  all of it for a program
  $ seg inspect model.onnx --layers --json`,
  check: String.raw`seg check
> Read every file of a data set and list all faults, each with what was found, what was expected and the remedy

ARGUMENTS:
  <dataset> - data set folder

OPTIONS:
  --layout <name>                  - layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)
  --map <a:b,…>                    - take label values for others, e.g. 4:3
  --ignore <a,b,…>                 - label values or names whose voxels are left out of losses and scores ("ignore", where there is one)
  --group <pattern>                - regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices
  --spacing <x,y,z>                - for PNG and TIFF slices: sizes of columns, rows and slices in mm
  --channels <a,b,…>               - channels by number or name (all)
  --labels <a,b,…>                 - labels by value or name, or "whole" (all)
  --input-size <n>                 - side of the network's input, to tell which lesions are too small for it (64)
  --plane <axial|coronal|sagittal> - plane of the slices: axial, coronal or sagittal (across the largest spacing)
  --folds <n>                      - folds to look at (5)
  --seed <n>                       - seed of the folds (0)
  --split-file <file>              - folds in nnU-Net's format to check, in place of made ones
  --out <folder>                   - folder for what --write writes (the current one)

FLAGS:
  --ignore-origin - accept masks whose origin or direction differs
  --write         - write check.json, fingerprint.json and splits.json to --out
  --force         - overwrite files that exist
  --json          - print one JSON document to stdout
  --help, -h      - show help

EXAMPLES:

  before a training
  $ seg check Task04_Hippocampus --input-size 64

  keep folds and fingerprint
  $ seg check Task04_Hippocampus --write --out checked

  folds of nnU-Net
  $ seg check Dataset005_Prostate --split-file splits_final.json

  slices of patients p01_1.png, p01_2.png, … of 0.5 mm
  $ seg check slices --group '(.*)_\d+$' --spacing 0.5,0.5,3`,
  demo: String.raw`seg demo
> Make phantom data, train, predict, evaluate, export and bench: the whole chain in less than three minutes

OPTIONS:
  --out <folder> - folder for everything (seg-demo)
  --seed <n>     - seed of the data and of the training (0)
  --epochs <n>   - epochs (25)

FLAGS:
  --force    - overwrite an earlier demo
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  in a folder of your choice
  $ seg demo --out /tmp/seg-demo

  once more, with other data
  $ seg demo --seed 1 --force`,
  doctor: String.raw`seg doctor
> Show versions, execution providers, trtexec, the Jetson and its power mode, and how to get what is missing

FLAGS:
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  look
  $ seg doctor

  for a report of a fault
  $ seg doctor --json > doctor.json`,
  completion: String.raw`seg completion
> Write the script with which a shell completes commands, options, the values of choices, and names of files. Its first lines say how it is loaded

ARGUMENTS:
  <shell> - bash, zsh or fish

FLAGS:
  --json     - print one JSON document to stdout
  --help, -h - show help

EXAMPLES:

  for this bash; add the line to ~/.bashrc to keep it
  $ source <(seg completion bash)

  for fish
  $ seg completion fish > ~/.config/fish/completions/seg.fish`,
};
