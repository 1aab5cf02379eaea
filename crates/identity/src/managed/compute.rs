//! Policies of what runs: machines, functions, containers, stacks.

use super::statement::{Row, allow, policy};

/// The path of policies for roles that services take on.
const SERVICE_ROLE: &str = "/service-role/";

const WRITE_LOGS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

pub(super) const POLICIES: &[Row] = &[
    policy("AmazonEC2FullAccess", "Everything in EC2.", &[
        allow(&["ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*"]),
        allow(&["iam:CreateServiceLinkedRole"]).when(
            r#"{"StringEquals": {"iam:AWSServiceName": ["autoscaling.amazonaws.com", "ec2scheduled.amazonaws.com", "elasticloadbalancing.amazonaws.com", "spot.amazonaws.com", "spotfleet.amazonaws.com", "transitgateway.amazonaws.com"]}}"#,
        ),
    ]),
    policy("AmazonEC2ReadOnlyAccess", "Reading in EC2.", &[allow(&[
        "ec2:Describe*",
        "ec2:GetSecurityGroupsForVpc",
        "elasticloadbalancing:Describe*",
        "cloudwatch:ListMetrics",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:Describe*",
        "autoscaling:Describe*",
    ])]),
    policy("AutoScalingFullAccess", "Everything in Auto Scaling.", &[
        allow(&[
            "autoscaling:*",
            "cloudwatch:PutMetricAlarm",
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstances",
            "ec2:DescribeKeyPairs",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribePlacementGroups",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSpotInstanceRequests",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcClassicLink",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTargetGroups",
        ]),
        allow(&["iam:CreateServiceLinkedRole"])
            .when(r#"{"StringEquals": {"iam:AWSServiceName": "autoscaling.amazonaws.com"}}"#),
    ]),
    policy("AWSLambda_FullAccess", "Everything in Lambda.", &[
        allow(&[
            "cloudformation:DescribeStacks",
            "cloudformation:ListStackResources",
            "cloudwatch:ListMetrics",
            "cloudwatch:GetMetricData",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "kms:ListAliases",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "lambda:*",
            "logs:DescribeLogGroups",
            "states:DescribeStateMachine",
            "states:ListStateMachines",
            "tag:GetResources",
            "xray:GetTraceSummaries",
            "xray:BatchGetTraces",
        ]),
        allow(&["iam:PassRole"])
            .when(r#"{"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}"#),
        allow(&["logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"])
            .on(&["arn:aws:logs:*:*:log-group:/aws/lambda/*"]),
    ]),
    policy("AWSLambda_ReadOnlyAccess", "Reading in Lambda.", &[
        allow(&[
            "cloudformation:DescribeStacks",
            "cloudformation:ListStackResources",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListMetrics",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "kms:ListAliases",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "logs:DescribeLogGroups",
            "lambda:Get*",
            "lambda:List*",
            "states:DescribeStateMachine",
            "states:ListStateMachines",
            "tag:GetResources",
            "xray:GetTraceSummaries",
            "xray:BatchGetTraces",
        ]),
        allow(&["logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"])
            .on(&["arn:aws:logs:*:*:log-group:/aws/lambda/*"]),
    ]),
    policy("AWSLambdaExecute", "Writing logs, reading and writing objects.", &[
        allow(&["logs:*"]).on(&["arn:aws:logs:*:*:*"]),
        allow(&["s3:GetObject", "s3:PutObject"]).on(&["arn:aws:s3:::*"]),
    ]),
    policy("AWSLambdaInvocation-DynamoDB", "Reading streams of tables and invoking functions.", &[
        allow(&["lambda:InvokeFunction"]),
        allow(&[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ]),
    ]),
    policy("AWSLambdaBasicExecutionRole", "Writing logs.", &[allow(WRITE_LOGS)]).below(SERVICE_ROLE),
    policy("AWSLambdaVPCAccessExecutionRole", "Writing logs, and network interfaces in a VPC.", &[
        allow(WRITE_LOGS),
        allow(&[
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ]),
    ])
    .below(SERVICE_ROLE),
    policy("AWSLambdaSQSQueueExecutionRole", "Writing logs and working through queues.", &[
        allow(WRITE_LOGS),
        allow(&["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
    ])
    .below(SERVICE_ROLE),
    policy("AWSLambdaDynamoDBExecutionRole", "Writing logs and reading streams of tables.", &[
        allow(WRITE_LOGS),
        allow(&[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ]),
    ])
    .below(SERVICE_ROLE),
    policy("AWSLambdaKinesisExecutionRole", "Writing logs and reading data streams.", &[
        allow(WRITE_LOGS),
        allow(&[
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
        ]),
    ])
    .below(SERVICE_ROLE),
    policy("AWSLambdaRole", "Invoking functions.", &[allow(&["lambda:InvokeFunction"])])
        .below(SERVICE_ROLE),
    policy("AmazonECSTaskExecutionRolePolicy", "Pulling images and writing logs.", &[allow(&[
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ])])
    .below(SERVICE_ROLE),
    policy("AWSCloudFormationFullAccess", "Everything in CloudFormation.", &[allow(&[
        "cloudformation:*",
    ])]),
    policy("AWSCloudFormationReadOnlyAccess", "Reading in CloudFormation.", &[allow(&[
        "cloudformation:Describe*",
        "cloudformation:EstimateTemplateCost",
        "cloudformation:Get*",
        "cloudformation:List*",
        "cloudformation:ValidateTemplate",
        "cloudformation:Detect*",
    ])]),
    policy("AWSStepFunctionsFullAccess", "Everything in Step Functions.", &[allow(&["states:*"])]),
    policy("AWSStepFunctionsReadOnlyAccess", "Reading in Step Functions.", &[allow(&[
        "states:ListStateMachines",
        "states:ListActivities",
        "states:ListExecutions",
        "states:ListMapRuns",
        "states:ListStateMachineAliases",
        "states:ListStateMachineVersions",
        "states:ListTagsForResource",
        "states:Describe*",
        "states:GetExecutionHistory",
        "states:ValidateStateMachineDefinition",
    ])]),
    policy("AWSXRayDaemonWriteAccess", "Sending traces.", &[allow(&[
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries",
    ])]),
];
